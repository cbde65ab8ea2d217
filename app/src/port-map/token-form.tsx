import { type FormEvent, useId, useState } from 'react';

const reasons = {
  token: 'This token is not, or no longer, the right one.',
  host: `This server doesn’t know itself by the name ${location.host}. Set ALLOWED_ORIGINS=${location.origin} and start it again, or open the map at an address of its own.`,
  full: 'As many people look already as there are places for. Close one of the other pages.',
} as const;

/** What stands in place of the map for those who have no token. */
export function TokenForm(props: {
  reason: keyof typeof reasons | undefined;
  onToken(token: string): void;
}) {
  const { reason, onToken } = props;
  const [token, setToken] = useState('');
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim()) {
      onToken(token.trim());
    }
  };
  return (
    <main className="dash-token">
      <form onSubmit={submit}>
        <p>
          The port map names peers, rooms and addresses, so it opens with a token only:{' '}
          <code>npm start</code> prints a link with it, or it is <code>DASHBOARD_TOKEN</code>.
        </p>
        {reason && (
          <p className="dash-refused" role="alert">
            {reasons[reason]}
          </p>
        )}
        <div className="field">
          <label htmlFor={id}>Token</label>
          <input
            id={id}
            type="password"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        </div>
        <button type="submit" className="button primary large">
          Open the port map
        </button>
      </form>
    </main>
  );
}
