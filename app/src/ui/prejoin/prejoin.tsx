import { type FormEvent, useEffect, useId, useRef } from 'react';
import { measureLevel } from '../../devices/audio-level.ts';
import { basePath } from '../../page/base-path.ts';
import { nameOrGuest } from '../../page/preferences.ts';
import type { Snapshot } from '../../session/snapshot.ts';
import { Avatar } from '../common/avatar.tsx';
import { DeviceChoices } from '../common/device-choices.tsx';
import { DeviceProblems } from '../common/device-problems.tsx';
import { LogoIcon } from '../common/icons.tsx';
import './prejoin.css';
import { useTrack } from '../common/hooks.ts';
import { MediaToggles } from '../common/media-toggles.tsx';
import { ReconnectBanner } from '../common/reconnect-banner.tsx';
import { NewRoomLink } from '../common/room-links.tsx';
import { useSession } from '../common/session-context.ts';

/** Before the call: a preview of camera and microphone, and the name to join with. */
export function Prejoin({ snapshot }: { snapshot: Snapshot }) {
  const session = useSession();
  const { phase, self, roomId, devices, chosen, byInvitation } = snapshot;
  const nameId = useId();
  const joining = phase.state === 'joining';
  const participant = self.role === 'participant';
  const join = (event: FormEvent) => {
    event.preventDefault();
    session.join();
  };
  return (
    <main className="prejoin">
      <header className="brand">
        <LogoIcon /> oneport
        <a href={`${basePath}docs`}>How it works</a>
      </header>
      <div className="prejoin-body" data-preview={participant}>
        {participant && <Preview self={self} />}
        <form className="prejoin-form" onSubmit={join}>
          <div>
            <p className="prejoin-kicker">You are about to join</p>
            <h1>{roomId}</h1>
            {!byInvitation && (
              <p className="prejoin-other">
                or <NewRoomLink>start a new room</NewRoomLink>
              </p>
            )}
          </div>
          <div className="field">
            <label htmlFor={nameId}>Your name</label>
            <input
              id={nameId}
              value={self.displayName}
              onChange={(event) => session.setDisplayName(event.target.value)}
              maxLength={64}
              autoComplete="nickname"
              placeholder={nameOrGuest('', self.peerId)}
              spellCheck={false}
              readOnly={self.nameIsFixed}
              aria-describedby={self.nameIsFixed ? `${nameId}-fixed` : undefined}
            />
            {self.nameIsFixed && (
              <p className="field-hint" id={`${nameId}-fixed`}>
                Your invitation sets your name.
              </p>
            )}
          </div>
          {participant && (
            <>
              <DeviceChoices devices={devices} chosen={chosen} />
              <DeviceProblems microphone={self.microphone} camera={self.camera} />
            </>
          )}
          {phase.state === 'joining' && phase.problem && (
            <ReconnectBanner problem={phase.problem} />
          )}
          <button type="submit" className="button primary large" aria-disabled={joining}>
            {joining ? 'Joining…' : 'Join'}
          </button>
        </form>
      </div>
    </main>
  );
}

function Preview({ self }: { self: Snapshot['self'] }) {
  const { camera, microphone, displayName, peerId } = self;
  const video = useRef<HTMLVideoElement>(null);
  const track = camera.state === 'on' ? camera.track : undefined;
  useTrack(video, track);
  return (
    <section className="preview" aria-label="How others see you">
      {track ? (
        <video ref={video} className="mirrored" autoPlay playsInline muted />
      ) : (
        <Avatar peerId={peerId} displayName={nameOrGuest(displayName, peerId)} />
      )}
      {camera.state === 'opening' && <div className="spinner" role="status" aria-label="Opening" />}
      <div className="preview-bar">
        <MediaToggles self={self} />
        <LevelMeter track={microphone.state === 'on' ? microphone.track : undefined} />
      </div>
    </section>
  );
}

function LevelMeter({ track }: { track: MediaStreamTrack | undefined }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track) {
      return;
    }
    const set = (level: number) => ref.current?.style.setProperty('--level', level.toFixed(2));
    const stop = measureLevel(track, set);
    return () => {
      stop();
      set(0);
    };
  }, [track]);
  return (
    <div
      className="level"
      ref={ref}
      role="img"
      aria-label="Microphone level"
      data-on={track !== undefined}
    >
      <span />
    </div>
  );
}
