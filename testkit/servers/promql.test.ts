import { expect, test } from 'vitest';
import { faultsOf } from './promql.ts';
import type { Series } from './scrape.ts';

const series: Series[] = [
  { name: 'a_total', labels: { reason: 'x', kind: 'audio' }, value: 1 },
  { name: 'a_total', labels: { reason: 'y', kind: 'video' }, value: 1 },
  { name: 'b', labels: {}, value: 2 },
];

test.each([
  ['sum by (reason) (rate(a_total{instance=~"$instance"}[$__rate_interval]))', '{{reason}}', []],
  ['a_total{reason=~"x|y"} / on (instance) b', '{{kind}}', []],
  ['sum(c)', '', ['no metric c']],
  ['sum by (worker) (a_total)', '{{worker}}', ['no label worker']],
  ['a_total{worker="0"}', '', ['no label worker']],
  ['a_total{reason!="z"}', '', ['no reason="z"']],
  ['a_total{reason=~"x|z"}', '', ['no reason="z"']],
  ['sum by (reason) (a_total)', '{{kind}}', ['legend without kind']],
  ['b', '{{kind}}', ['legend without kind']],
  ['sum(b', '', ['not PromQL at 5']],
])('%s', (expr, legendFormat, faults) => {
  const panels = [{ title: 'panel', targets: [{ expr, legendFormat }] }];
  expect(faultsOf({ panels }, series)).toEqual(faults.map((fault) => `panel: ${fault} in ${expr}`));
});
