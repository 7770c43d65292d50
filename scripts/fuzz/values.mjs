/** Values that often break programs, and mutations of valid bodies with them. */

/** A fixed list first: values that caused failures before are frequent. */
const texts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202e\u2066',
  '\u0130\u0131ß',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'true',
  '-1',
  '1e309',
  '**********',
  '.',
  '..',
  '../../etc/passwd',
  '/',
  '//a',
  'a/b',
  'a\\b',
  '%00',
  '%',
  '${x}',
  '${jndi:ldap://x}',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '"><img src=x>',
  'a\r\nb: c',
  '(a+)+$',
  '[',
  '*',
  `${'*a'.repeat(40)}*b`,
  `${'a'.repeat(30)}!`,
  '${a:${b:${c}}}',
  'http://[::1',
  'javascript:alert(1)',
  'https://app.example/*',
  'urn:x',
  '=cmd()',
  'openid profile offline_access',
  '2026-01-01',
  '9'.repeat(400),
  'x'.repeat(300),
  'ü'.repeat(5000),
]

const others = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [null],
  [[]],
  [[[[[]]]]],
  [{}],
  [[], {}],
  ['a', 1, null, {}],
  { a: null },
  { a: [null] },
  { '': '' },
  { id: {} },
  { name: [] },
]

/** A string for URLs and forms. */
export function hostileText(random) {
  if (random.percent(3)) return random.pick(['x', '*', '%', 'é', '&a=']).repeat(random.pick([3_000, 20_000]))
  return random.pick(texts)
}

export function hostileValue(random) {
  return random.weighted([
    [50, () => hostileText(random)],
    [40, () => structuredClone(random.pick(others))],
    [2, () => nested(random.pick([50, 600, 1_500]))],
    [2, () => Array.from({ length: 2_000 }, () => random.pick(['a', 1, null]))],
    [2, () => 'y'.repeat(random.pick([70_000, 300_000]))],
    [
      4,
      () => JSON.parse(random.pick(['{"__proto__":{"id":"x"}}', '{"constructor":{}}', '{"__proto__":null}'])),
    ],
  ])()
}

function nested(depth) {
  let value = 'deep'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** Mutates some places of a JSON value; `ids` are replacement ids for members. */
export function mutate(random, value, ids) {
  let changed = structuredClone(value)
  const times = random.weighted([
    [70, 1],
    [20, 2],
    [10, 5],
  ])
  for (let time = 0; time < times; time += 1) changed = mutateOnce(random, changed, ids)
  return changed
}

function mutateOnce(random, value, ids) {
  if (random.percent(4)) return random.percent(50) ? [value] : hostileValue(random)
  const places = placesIn(value)
  if (places.length === 0) return hostileValue(random)
  const [holder, member] = random.pick(places)
  random.weighted([
    [55, () => set(holder, member, hostileValue(random))],
    [12, () => set(holder, member, random.pick(ids) ?? 'none')],
    [8, () => (Array.isArray(holder) ? holder.splice(Number(member), 1) : delete holder[member])],
    [8, () => add(random, holder, hostileValue(random))],
    [6, () => set(holder, member, [holder[member], holder[member]])],
    [4, () => set(holder, member, structuredClone(value))],
    [
      4,
      () =>
        Array.isArray(holder) ? holder.push(structuredClone(holder)) : add(random, holder, random.pick(ids)),
    ],
    [
      3,
      () =>
        set(
          holder,
          member,
          typeof holder[member] === 'string' ? Number(holder[member]) : String(holder[member]),
        ),
    ],
  ])()
  return value
}

/** Sets an own member, even if its name is `__proto__`. */
function set(holder, member, value) {
  Object.defineProperty(holder, member, { value, writable: true, enumerable: true, configurable: true })
}

function add(random, holder, value) {
  if (Array.isArray(holder)) holder.push(value)
  else
    set(
      holder,
      random.pick(['unknown', '__proto__', 'constructor', 'toString', 'id', 'name', 'parentId', '']),
      value,
    )
}

function placesIn(value, places = []) {
  if (typeof value !== 'object' || value === null || places.length > 400) return places
  for (const member of Object.keys(value)) {
    places.push([value, member])
    placesIn(value[member], places)
  }
  return places
}

/** A body as bytes; sometimes malformed JSON. */
export function toBody(random, value, wild) {
  const text = JSON.stringify(value) ?? ''
  if (!random.percent(wild)) return Buffer.from(text)
  return random.weighted([
    [20, () => Buffer.from(text.slice(0, random.below(text.length + 1)))],
    [8, () => Buffer.concat([Buffer.from(text), Buffer.from([0])])],
    [8, () => Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')])],
    [8, () => Buffer.from(`\ufeff${text}`)],
    [8, () => Buffer.from(`${text}${text}`)],
    [8, () => Buffer.from(text.replace('{', '{"id":"a","id":1,'))],
    [6, () => Buffer.from('['.repeat(random.pick([100, 20_000, 200_000])))],
    [3, () => Buffer.from(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)],
    [3, () => Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
    [8, () => Buffer.alloc(0)],
    [
      6,
      () =>
        Buffer.from(random.pick(['null', '0', '"text"', '[]', '{}', 'true', ' ', 'NaN', '{"a"}', "{'a':1}"])),
    ],
    [1, () => Buffer.from(`"${'z'.repeat(3_000_000)}"`)],
    [6, () => Buffer.from(new URLSearchParams({ a: text.slice(0, 1_000) }).toString())],
    [7, () => Buffer.from(text.replaceAll('"', String.raw`\u0022`))],
  ])()
}
