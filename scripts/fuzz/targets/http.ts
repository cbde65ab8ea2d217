import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sendRaw } from '../raw-connection.ts';
import { target } from '../target.ts';
import { httpBytes } from '../values/http.ts';
import { rawPlan } from '../values/raw-plan.ts';

const request = fc.record({
  text: fc.array(httpBytes, { minLength: 1, maxLength: 3 }),
  plan: rawPlan,
});

/** HTTP requests, some of them for WebSockets: methods, paths, headers and bodies, pipelined and cut anywhere. */
export const http = target(
  'http',
  fc.array(request, { minLength: 1, maxLength: 12, size: 'max' }),
  async (subject, requests) => {
    const port = Number(new URL(subject.server.url).port);
    await Promise.all(
      requests.map(async ({ text, plan }) => {
        const answer = await sendRaw({ port }, Buffer.from(text.join('')), plan);
        const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer.toString('latin1')) ?? [];
        subject.count(`answers: ${status ?? (answer.length > 0 ? 'other' : 'none')}`);
        assert(!status || Number(status) < 500, `answered ${answer.toString('latin1', 0, 300)}`);
      }),
    );
  },
);
