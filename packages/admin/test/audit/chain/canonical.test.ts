import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../src/audit/chain/canonical.ts'

describe('canonicalJson', () => {
  it('writes the example of RFC 8785, section 3.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  it('sorts members by their UTF-16 code units (section 3.2.3)', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
    const value = Object.fromEntries(names.map((name) => [name, 0]))
    expect(Object.keys(JSON.parse(canonicalJson(value)) as object)).toEqual(
      // An engine puts the name that is an index first whatever the text's order; the text has it behind the line break.
      ['1', '\r', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'],
    )
    expect(canonicalJson(value).startsWith('{"\\r":0,"1":0,')).toBe(true)
  })

  it('writes equal values equally, in any order of their members', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const text = canonicalJson(JSON.parse(json))
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
  })

  it('replaces what PostgreSQL does not keep in JSON', () => {
    expect(canonicalJson({ 'a\0': ['\ud800x'] })).toBe('{"a\ufffd":["\ufffdx"]}')
  })
})
