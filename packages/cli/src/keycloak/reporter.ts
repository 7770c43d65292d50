/** Who hears what takes its time; whoever calls decides whether and where it is shown. */
export interface Reporter {
  /** Something that happened, once. */
  note(text: string): void
  /** What goes on right now; each replaces the one before. */
  progress(text: string): void
}
