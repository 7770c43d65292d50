/** The path of a value: member names and list indexes. */
export type Path = readonly (string | number)[]

/** The nesting depth of valid JSON. */
export function depthOf(json: string): number {
  let [depth, most] = [0, 0]
  for (let at = 0; at < json.length; at += 1) {
    const mark = json[at]
    if (mark === '"') {
      at = endOfText(json, at) - 1
    } else if (mark === '[' || mark === '{') {
      depth += 1
      most = Math.max(most, depth)
    } else if (mark === ']' || mark === '}') {
      depth -= 1
    }
  }
  return most
}

/** The position after the string that starts here. */
function endOfText(json: string, from: number): number {
  let end = from + 1
  while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1
  return end + 1
}

const space = /\s*/y
const scalar = /[^\s,\]}]*/y

/** The position right after the first token of the value at the path. The text must be valid JSON. */
export function placeAfter(text: string, path: Path): number {
  const skip = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at
    pattern.exec(text)
    return pattern.lastIndex
  }
  const endOfValue = (at: number): number => {
    if (text[at] === '"') return endOfText(text, at)
    if (text[at] !== '{' && text[at] !== '[') return skip(scalar, at)
    let depth = 0
    let end = at
    do {
      if (text[end] === '"') end = endOfText(text, end) - 1
      else if (text[end] === '{' || text[end] === '[') depth += 1
      else if (text[end] === '}' || text[end] === ']') depth -= 1
      end += 1
    } while (depth > 0)
    return end
  }
  let at = skip(space, 0)
  for (const step of path) {
    let index = 0
    at = skip(space, at + 1)
    for (;;) {
      let key: string | number = index
      if (typeof step === 'string') {
        const end = endOfText(text, at)
        key = JSON.parse(text.slice(at, end)) as string
        at = skip(space, skip(space, end) + 1)
      }
      if (key === step) break
      at = skip(space, skip(space, endOfValue(at)) + 1)
      index += 1
    }
  }
  return text[at] === '"' || text[at] === '{' || text[at] === '[' ? at + 1 : skip(scalar, at)
}
