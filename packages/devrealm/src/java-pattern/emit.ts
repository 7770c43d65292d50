import { nowhere, type Part, unsupported } from './syntax.ts'

/** Converts the pattern to JavaScript's syntax with the flag `v`; it matches the whole string, like Java's `matches()`. */
export function toSource(root: Part): string {
  requireCertainReferences(root)
  requireClearRepetitions(root, false)
  let atomics = 0
  const emit = (part: Part): string => {
    switch (part.kind) {
      case 'plain':
        return part.source
      case 'sequence':
        return part.parts.map(emit).join('')
      case 'choice':
        return `(?:${part.parts.map(emit).join('|')})`
      case 'group':
        return part.capture === undefined
          ? `(?:${emit(part.body)})`
          : `(?<g${part.capture}>${emit(part.body)})`
      case 'atomic': {
        // A lookahead does not backtrack: a reference to its match fixes the string.
        atomics += 1
        const name = `t${atomics}`
        return `(?:(?=(?<${name}>${emit(part.body)}))\\k<${name}>)`
      }
      case 'repeat': {
        const { body, least, most, way } = part
        const count = most === Number.POSITIVE_INFINITY ? `{${least},}` : `{${least},${most}}`
        const greedy: Part = { kind: 'plain', source: `(?:${emit(body)})${count}`, most: 0 }
        if (way === 'possessive') return emit({ kind: 'atomic', body: greedy })
        return way === 'lazy' ? `${greedy.source}?` : greedy.source
      }
      case 'look':
        if (part.behind) requireBounded(part)
        return `(?${part.behind ? '<' : ''}${part.negative ? '!' : '='}${emit(part.body)})`
      case 'reference':
        return `\\k<g${part.capture}>`
    }
  }
  return `^(?:${emit(root)})$`
}

/**
 * A reference to a group that did not participate fails in Java and is empty in JavaScript: both agree only if the group always
 * participates.
 */
function requireCertainReferences(root: Part): void {
  const certain = new Set<number>()
  const visit = (part: Part, isCertain: boolean): void => {
    switch (part.kind) {
      case 'plain':
        return
      case 'sequence':
        for (const each of part.parts) visit(each, isCertain)
        return
      case 'choice':
        for (const each of part.parts) visit(each, false)
        return
      case 'repeat':
      case 'look':
        visit(part.body, false)
        return
      case 'group':
      case 'atomic':
        visit(part.body, isCertain)
        if (part.kind === 'group' && part.capture !== undefined && isCertain) certain.add(part.capture)
        return
      case 'reference':
        if (!certain.has(part.capture)) {
          throw unsupported('a reference to an optional group', part.at)
        }
    }
  }
  visit(root, true)
}

/**
 * An empty iteration ends a repetition in Java, and backtracks in JavaScript. The difference shows if only the first match is
 * tried.
 */
function requireClearRepetitions(part: Part, isFixed: boolean): void {
  switch (part.kind) {
    case 'plain':
    case 'reference':
      return
    case 'sequence':
    case 'choice':
      for (const each of part.parts) requireClearRepetitions(each, isFixed)
      return
    case 'atomic':
      requireClearRepetitions(part.body, true)
      return
    case 'repeat': {
      const isFixedHere = isFixed || part.way === 'possessive'
      if (isFixedHere && mayBeEmpty(part.body)) {
        throw unsupported(
          'a repetition of a possibly empty part in an atomic group or with a possessive quantifier',
          nowhere,
        )
      }
      if (part.body.kind !== 'plain' && hasLineEnd(part.body))
        throw unsupported('\\R in a repeated group', nowhere)
      if (part.most > 1 && part.body.kind !== 'plain' && mayBeEmpty(part.body) && looksAround(part.body)) {
        throw unsupported('a repetition of a possibly empty part with a boundary or look-around', nowhere)
      }
      requireClearRepetitions(part.body, isFixedHere)
      return
    }
    case 'group':
    case 'look':
      requireClearRepetitions(part.body, isFixed)
  }
}

/** Java may split the two characters of a line end, and its versions differ in when. */
function hasLineEnd(part: Part): boolean {
  return has(part, (each) => each.kind === 'plain' && each.isLineEnd === true)
}

/** Whether the match depends on the context or on a captured group. */
function looksAround(part: Part): boolean {
  return has(part, (each) => each.kind === 'look' || each.kind === 'reference' || isAnchor(each))
}

function isAnchor(part: Part): boolean {
  return part.kind === 'plain' && part.most === 0 && part.source !== ''
}

function has(part: Part, is: (part: Part) => boolean): boolean {
  if (is(part)) return true
  if ('parts' in part) return part.parts.some((each) => has(each, is))
  return 'body' in part && has(part.body, is)
}

function mayBeEmpty(part: Part): boolean {
  switch (part.kind) {
    case 'plain':
      return part.most === 0
    case 'sequence':
      return part.parts.every(mayBeEmpty)
    case 'choice':
      return part.parts.some(mayBeEmpty)
    case 'group':
    case 'atomic':
      return mayBeEmpty(part.body)
    case 'repeat':
      return part.least === 0 || mayBeEmpty(part.body)
    case 'look':
    case 'reference':
      return true
  }
}

function requireBounded(look: Extract<Part, { kind: 'look' }>): void {
  if (mostOf(look.body, look.at) === Number.POSITIVE_INFINITY) {
    throw unsupported('a look-behind without an obvious maximum length', look.at)
  }
}

/**
 * The maximum length of a part's match. JavaScript matches look-behinds from right to left: what depends on the order is
 * rejected.
 */
function mostOf(part: Part, at: number): number {
  switch (part.kind) {
    case 'plain':
      return part.isLineEnd === true ? Number.POSITIVE_INFINITY : part.most
    case 'sequence':
      return part.parts.reduce((sum, each) => sum + mostOf(each, at), 0)
    case 'choice':
      return Math.max(...part.parts.map((each) => mostOf(each, at)))
    case 'group':
      return mostOf(part.body, at)
    case 'repeat': {
      if (part.way === 'possessive') throw unsupported('a possessive quantifier in a look-behind', at)
      if (part.most > 1 && part.body.kind !== 'plain')
        throw unsupported('a repeated group in a look-behind', at)
      const one = mostOf(part.body, at)
      return one === 0 || part.most === 0 ? 0 : one * part.most
    }
    case 'look':
      return 0
    case 'atomic':
      throw unsupported('an atomic group in a look-behind', at)
    case 'reference':
      throw unsupported('a reference in a look-behind', at)
  }
}
