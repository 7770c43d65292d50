/** Receives messages about slow steps. The caller decides how to show them. */
export interface Reporter {
  /** An event. */
  note(text: string): void
  /** The current step, which replaces the one before. */
  progress(text: string): void
}
