import { expect, it } from 'vitest'
import { style } from '../../src/pages/style.ts'

const [light = '', dark = ''] = Array.from(style.matchAll(/:root \{([^}]*)\}/g), ([, rules]) => rules)

// WCAG 2.2, 1.4.3: contrast of text, level AA.
it.each([
  ['light', light],
  ['dark', dark],
])('text is readable in %s', (_scheme, rules) => {
  const colour = (name: string): string =>
    new RegExp(`--${name}: *(#[0-9a-f]+)`).exec(rules)?.[1] ?? expect.unreachable()
  for (const [ink, paper] of [
    ['ink', 'card'],
    ['ink', 'paper'],
    ['quiet', 'card'],
    ['accent', 'card'],
    ['on-accent', 'accent'],
  ] as const)
    expect(contrast(colour(ink), colour(paper)), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5)
})

function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (bright + 0.05) / (dim + 0.05)
}

function luminance(colour: string): number {
  const digits = colour.length === 4 ? colour.slice(1).replaceAll(/./g, '$&$&') : colour.slice(1)
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const value = Number.parseInt(digits.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
