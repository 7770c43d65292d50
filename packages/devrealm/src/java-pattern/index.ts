export { patternProblem, patternTester } from './patterns.ts'
