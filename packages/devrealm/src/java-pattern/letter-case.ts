/** Code points grouped by Java's case-insensitive key: the lower case of the upper case. */
let folded: Map<number, number[]> | undefined
let uppers: Map<number, number> | undefined

/** Characters with case. */
const cased = /^[\p{Lowercase}\p{Uppercase}\p{Lt}]$/u

/** No character above this plane has case. */
const lastCased = 0x1ffff

/** All code points that equal the given one when case is ignored, including itself; without `unicode` only ASCII. */
export function caseVariants(codePoint: number, unicode: boolean): readonly number[] {
  if (!unicode) return isAsciiLetter(codePoint) ? [codePoint, codePoint ^ 0x20] : [codePoint]
  return [...new Set([codePoint, ...(variants().get(fold(codePoint)) ?? [])])]
}

/** The code points outside a range that have a case variant within it. */
export function variantsOfRange(from: number, to: number, unicode: boolean): number[] {
  const isWithin = (codePoint: number): boolean => codePoint >= from && codePoint <= to
  if (!unicode) {
    return asciiLetters.filter((letter) => !isWithin(letter) && isWithin(letter ^ 0x20))
  }
  return [...variants().values()]
    .flat()
    .filter((each) => !isWithin(each) && (isWithin(upper(each)) || isWithin(lower(upper(each)))))
}

const asciiLetters = Array.from({ length: 26 }, (_, index) => [65 + index, 97 + index]).flat()

function isAsciiLetter(codePoint: number): boolean {
  return asciiLetters.includes(codePoint)
}

function fold(codePoint: number): number {
  return lower(upper(codePoint))
}

function lower(codePoint: number): number {
  // The dotted capital I: JavaScript keeps its dot as a mark.
  if (codePoint === 0x130) return 0x69
  return single(String.fromCodePoint(codePoint).toLowerCase()) ?? codePoint
}

function upper(codePoint: number): number {
  const text = String.fromCodePoint(codePoint)
  // Java maps one character to one: if the upper case is a longer string, use the letter whose lower case is this one.
  return single(text.toUpperCase()) ?? upperOf(codePoint) ?? codePoint
}

function single(text: string): number | undefined {
  const [first, ...more] = Array.from(text)
  return first === undefined || more.length > 0 ? undefined : first.codePointAt(0)
}

function upperOf(codePoint: number): number | undefined {
  uppers ??= new Map(
    casedCodePoints()
      .map((each) => [lower(each), each] as const)
      .filter(([to, of]) => to !== of),
  )
  return uppers.get(codePoint)
}

function variants(): Map<number, number[]> {
  if (folded !== undefined) return folded
  folded = new Map()
  for (const each of casedCodePoints()) {
    const key = fold(each)
    folded.set(key, [...(folded.get(key) ?? []), each])
  }
  return folded
}

let casedOnes: number[] | undefined

function casedCodePoints(): number[] {
  if (casedOnes !== undefined) return casedOnes
  casedOnes = []
  for (let codePoint = 0; codePoint <= lastCased; codePoint += 1) {
    if (codePoint < 0xd800 || codePoint > 0xdfff) {
      const text = String.fromCodePoint(codePoint)
      if (cased.test(text) || text.toLowerCase() !== text || text.toUpperCase() !== text)
        casedOnes.push(codePoint)
    }
  }
  return casedOnes
}
