/** How far a long call is. Uses nothing; lists, exports and jobs use it. */

export { type JobProgress, type Phase, type ProgressListener, startPhase } from './progress.ts'
