/**
 * Java's regular expressions. In: a pattern. Out: a test function with a time limit, or the reason why the pattern is invalid.
 * Uses no other room; user profiles and password policies use it.
 */

export { patternProblem, patternTester } from './patterns.ts'
