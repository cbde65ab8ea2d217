import { StartError } from '../start-error.ts';

/** Somebody else has a worker's port. */
export class PortInUseError extends StartError {
  override name = 'PortInUseError';
}

/** Every port of the worker's range is taken. */
export class NoPortError extends Error {
  override name = 'NoPortError';
}
