/** Text in blocks, blocks in sentences, and what is wrong with a sentence. */

/** The longest sentence that a reader understands at the first reading. */
export const longest = 25

/** Phrases that the project avoids, and what to write instead. */
const avoided = [
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\bbeside\b/i, 'next to, in addition to'],
  [/\b(is|are) no such\b/i, 'there is no …, unknown …'],
  [/\b(no|some|every)body\b/i, 'a user, an administrator; or name them'],
  [/\b(is|are) no \w+ of\b/i, 'there is no …'],
  [/\bnot as in\b/i, 'differs from'],
  [/\bfor want of\b/i, 'because … is missing'],
  [/\banew\b/i, 'again'],
  [/\bshall\b/i, 'must, should, will'],
  [/\bas whom\b/i, 'credentials'],
  [/\bwho goes there\b/i, 'credentials'],
  [/\b(goes|go|going) on\b/i, 'continue, resume'],
  [/\bletter by letter\b/i, 'exactly'],
  [/\bcan(not|'t| not)? be had\b/i, 'is not available, could not be fetched'],
  [/\bthere already\b/i, 'exists already'],
  [/\b(says?|said) of\b/i, 'reports'],
  [/\b(take|takes|taken|taking|took) (it |them |that )?back\b/i, 'undo'],
  [/\binto line\b/i, 'apply, reconcile'],
  [/\bis none of\b/i, 'is not one of'],
  [/\bwon't do\b/i, 'is not valid'],
]

/** Not sentences of ours: a message of Keycloak, the names of Unicode's categories, the list of what no export has. */
const excepted = ['If the address contains UTF-8 characters', 'C Cc Cf Cn Co', 'keys, identity providers,']

/** @typedef {{ line: number, text: string }} Block a paragraph, list item, table cell, heading or string; `line` is where it begins */
/** @typedef {{ line: number, problem: string, sentence: string }} Fault */

/** @param {readonly Block[]} blocks @returns {Fault[]} */
export function faultsOf(blocks) {
  return blocks.flatMap(sentencesOf).flatMap(({ line, text }) => {
    const sentence = text.replaceAll(/\s+/g, ' ').trim()
    const words = sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length
    const faults =
      words > longest && !excepted.some((start) => sentence.startsWith(start))
        ? [{ line, problem: `${words} words`, sentence }]
        : []
    for (const [phrase, instead] of avoided) {
      const found = phrase.exec(sentence)
      if (found) faults.push({ line, problem: `"${found[0]}": write ${instead}`, sentence })
    }
    return faults
  })
}

/** A sentence ends with a full stop, a question or an exclamation mark before a space and anything but a small letter. */
function sentencesOf({ line, text }) {
  const sentences = []
  let start = 0
  for (const { index, 0: end } of text.matchAll(/[.!?…]['")\]*_]*(?=\s+[^\p{Ll}\s]|\s*$)/gu)) {
    sentences.push([start, index + end.length])
    start = index + end.length
  }
  sentences.push([start, text.length])
  return sentences
    .filter(([from, to]) => text.slice(from, to).trim() !== '')
    .map(([from, to]) => {
      const begin = from + text.slice(from).search(/\S/)
      return { line: line + text.slice(0, begin).split('\n').length - 1, text: text.slice(begin, to) }
    })
}
