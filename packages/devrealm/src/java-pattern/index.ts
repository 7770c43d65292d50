/**
 * Java's regular expressions. In: a pattern. Out: its test, bounded in time, or why it can't be one. Uses no other
 * room; user profiles and password policies use it.
 */

export { patternProblem, patternTester } from './patterns.ts'
