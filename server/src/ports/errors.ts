/** Somebody else has a worker's port. */
export class PortInUseError extends Error {
  override name = 'PortInUseError';
}

/** Every port of the worker's range is taken. */
export class NoPortError extends Error {
  override name = 'NoPortError';
}
