export class Problem extends Error {
  readonly hint: string
}
