import { type FormEvent, useId, useState } from 'react';

const reasons = {
  token: 'This token is not valid, or no longer valid.',
  host: `This server does not accept the host name ${location.host}. Restart it with ALLOWED_ORIGINS=${location.origin}, or open the port map at one of its own addresses.`,
  full: 'Too many people are viewing the port map. Close one of the other pages.',
} as const;

/** Shown instead of the port map when there is no valid token. */
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
    <main className="map-token">
      <form onSubmit={submit}>
        <p>
          The port map shows peers, rooms and addresses, so it requires a token.{' '}
          <code>npm start</code> prints a link that contains it, unless you set{' '}
          <code>PORT_MAP_TOKEN</code>.
        </p>
        {reason && (
          <p className="map-rejected" role="alert">
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
