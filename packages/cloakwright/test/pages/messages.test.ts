import { describe, expect, it } from 'vitest'
import { builtIn } from '../../src/pages/messages/index.ts'

const english = builtIn.get('en') ?? expect.unreachable()

// That no text is missing is checked by the compiler.
describe.each([...builtIn])('the texts in %s', (language, messages) => {
  const texts = Object.values(messages).flatMap((section) => Object.values(section) as string[])

  it('are all written, without spaces around them', () => {
    for (const text of texts) expect(text).toMatch(/^\S(?:.*\S)?$/)
  })

  it('differ from the English ones', () => {
    if (language === 'en') return
    for (const [section, { title, text }] of Object.entries(messages).filter(
      ([name]) => name !== 'labels',
    ) as [keyof typeof english, { title: string; text: string }][]) {
      const original = english[section] as { title: string; text: string }
      expect([title, text]).not.toContain(original.title)
      expect([title, text]).not.toContain(original.text)
    }
  })

  it('say once when to try again', () => {
    expect(messages.labels.waitUntil.split('{when}')).toHaveLength(2)
    expect(texts.filter((text) => text.includes('{'))).toEqual([messages.labels.waitUntil])
  })
})
