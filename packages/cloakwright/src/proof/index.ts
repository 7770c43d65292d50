export type { Presentation } from './types.ts'
