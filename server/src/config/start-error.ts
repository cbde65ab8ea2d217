/**
 * The server can't start. The message is for the person who starts it and is shown without a stack trace: it says what
 * is wrong, what is allowed, and how to fix it, on lines that are indented by two spaces.
 */
export class StartError extends Error {
  override name = 'StartError';
}

/** A setting is wrong. */
export class ConfigError extends StartError {
  override name = 'ConfigError';
}
