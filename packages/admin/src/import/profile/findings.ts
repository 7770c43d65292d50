/** What a validator finds in an attribute's values: nothing, what is wrong, or that only Keycloak can tell. */
export type Finding = 'fits' | 'unsure' | { readonly problem: string }

/** Finds in values what Keycloak's validator finds, as configured. */
export type Validator = (values: readonly string[]) => Finding

/** The worst of several findings. */
export function worst(findings: Iterable<Finding>): Finding {
  let found: Finding = 'fits'
  for (const finding of findings) {
    if (typeof finding === 'object') return finding
    if (finding === 'unsure') found = finding
  }
  return found
}

export function wrong(problem: string): Finding {
  return { problem }
}

/** Empty values always fit. */
export function eachGiven(find: (value: string) => Finding): Validator {
  return (values) => worst(values.map((value) => (value === '' ? 'fits' : find(value))))
}

/** Of numbers, blank values fit as well. */
export function eachFilled(find: (value: string) => Finding): Validator {
  return (values) => worst(values.map((value) => (isBlank(value) ? 'fits' : find(value))))
}

/** As Java's `trim`. */
export function trimmed(text: string): string {
  return text.replace(/^[\0- ]+|[\0- ]+$/g, '')
}

/** As Java's `isBlank`: spaces that forbid a line break are none. */
export function isBlank(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- Java counts these as space
  return /^[\t-\r\x1c- \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/.test(text)
}
