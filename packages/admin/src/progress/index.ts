export { type JobProgress, type Phase, type ProgressListener, startPhase } from './progress.ts'
