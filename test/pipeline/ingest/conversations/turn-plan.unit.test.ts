import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileTurn } from '../../../../pipeline/ingest/conversations/conversation-formats.ts'
import { headOf, isTurnId, keyOf, type KnownTurn } from '../../../../pipeline/ingest/conversations/known-turns.ts'
import { type NewTurn, planTurns } from '../../../../pipeline/ingest/conversations/turn-plan.ts'

/** `u:hello`, `a:hello` with an optional `@minute` and `#id`. */
function turn(short: string): FileTurn {
  const [, role = '', text = '', , minute, , id] = /^([ua]):([^@#]*)(@(\d+))?(#(.*))?$/.exec(short) ?? []
  return {
    role: role === 'u' ? 'user' : 'agent',
    text,
    time: minute === undefined ? undefined : new Date(Date.UTC(2024, 0, 1, 9, Number(minute))).toISOString(),
    id,
  }
}
const turns = (list: string): FileTurn[] =>
  list
    .split(' ')
    .filter((one) => one !== '')
    .map(turn)

const knownOf = ({ role, text, id, time }: NewTurn): KnownTurn => ({
  role,
  key: keyOf(role, text),
  head: headOf(text),
  id,
  statedId: isTurnId(id) ? undefined : id,
  statedTime: time,
})

/** The actor's turns after imports of these files, one after the other, and the plan of the last one. */
function imports(...files: string[]) {
  let known: KnownTurn[] = []
  let plan = planTurns([], [])
  for (const file of files) {
    plan = planTurns(known, turns(file))
    known = [...known, ...plan.added.map(knownOf)]
  }
  return {
    added: plan.added.map(({ text }) => text),
    known: plan.known,
    changed: plan.changed,
    late: plan.late,
    byTextOnly: plan.byTextOnly,
    ids: known.map(({ id }) => id),
  }
}

test('another day with the same id adds all its turns', () => {
  expect(imports('u:mon1 a:mon2 u:mon3', 'u:wed1 a:wed2 u:wed3 a:wed4')).toMatchObject({
    added: ['wed1', 'wed2', 'wed3', 'wed4'],
    changed: [],
  })
})

test('the same file again adds nothing', () => {
  for (const file of ['u:ok a:ok u:ok u:ok', 'u:ok@1 a:ok@2 u:ok@3', 'u:a#1 a:b#2 u:a#3']) {
    expect(imports(file, file)).toMatchObject({ added: [], changed: [], known: file.split(' ').length })
  }
})

test('a rolling window adds what is after it, and knows equal turns by their number', () => {
  expect(imports('u:a a:b u:c', 'a:b u:c a:d')).toMatchObject({ added: ['d'], known: 2, changed: [], late: 0 })
  expect(imports('u:ok a:x', 'u:ok a:x u:ok')).toMatchObject({ added: ['ok'], known: 2 })
})

test('a window that begins with the end of what is known adds equal turns after it', () => {
  const first = 'u:ok a:done1 u:ok a:done3 u:ok a:done5 u:ok a:done7'
  const second = 'u:ok a:done5 u:ok a:done7 u:ok a:done9 u:ok a:done11'
  expect(imports(first, second)).toMatchObject({ added: ['ok', 'done9', 'ok', 'done11'], known: 4, late: 0 })
  expect(imports('u:ok a:done u:ok a:done', 'a:done u:ok a:done u:ok')).toMatchObject({ added: ['ok'], known: 3, late: 0 })
  for (const again of [first, second]) expect(imports(first, second, again)).toMatchObject({ added: [], known: 8, changed: [] })
})

test('a file that begins earlier adds its beginning, and one that grows from there its end', () => {
  expect(imports('u:d', 'u:a a:b u:c u:d', 'u:a a:b u:c u:d')).toMatchObject({ added: [], known: 4 })
  expect(imports('u:d', 'u:a a:b u:c u:d', 'u:a a:b u:c u:d a:e')).toMatchObject({ added: ['e'], known: 4, late: 0 })
  expect(imports('a:m', 'u:x a:m u:x', 'u:x a:m u:x')).toMatchObject({ added: [], known: 3 })
})

test('whatever was imported, the last file again adds nothing, and none of its turns is lost', () => {
  const file = fc.array(fc.constantFrom('u:a', 'u:b', 'a:a', 'a:c', 'u:a@1', 'u:a@2'), { maxLength: 6 }).map((list) => list.join(' '))
  fc.assert(
    fc.property(fc.array(file, { minLength: 1, maxLength: 4 }), (files) => {
      const last = files.at(-1) ?? ''
      expect(imports(...files, last)).toMatchObject({ added: [], changed: [] })
    }),
    { numRuns: 1_000 },
  )
})

test('an earlier window that is imported after a later one loses none of its turns', () => {
  expect(imports('u:c a:ok u:d a:ok', 'u:a a:ok u:c a:ok')).toMatchObject({ added: ['a', 'ok'], known: 2, late: 2 })
  // Without a common turn only the time tells two turns of one text apart; else they are counted as doubtful.
  expect(imports('u:c@11 a:ok@12', 'u:a@1 a:ok@2')).toMatchObject({ added: ['a', 'ok'], known: 0, byTextOnly: 0 })
  expect(imports('u:c a:ok u:d a:fine u:e', 'u:a a:ok u:b a:fine u:f')).toMatchObject({ added: ['a', 'b', 'f'], known: 2, byTextOnly: 2 })
  expect(imports('u:a a:ok u:b', 'u:a u:x a:ok u:b')).toMatchObject({ added: ['x'], known: 3, byTextOnly: 0 })
})

test('a turn missing in the middle is added late', () => {
  expect(imports('u:a u:c', 'u:a a:b u:c')).toMatchObject({ added: ['b'], known: 2, changed: [], late: 1 })
})

describe('a changed turn is named and left out', () => {
  test('in its place between turns that are known', () => {
    expect(imports('u:a a:on-monday u:c', 'u:a a:on-tuesday u:c')).toMatchObject({
      added: [],
      known: 2,
      changed: [{ number: 2, role: 'agent', was: 'on-monday', is: 'on-tuesday' }],
    })
  })

  test('but one that says something else is another turn', () => {
    expect(imports('u:hello u:where-is-my-parcel u:bye', 'u:hello u:cancel-the-subscription-please u:bye')).toMatchObject({
      added: ['cancel-the-subscription-please'],
      late: 1,
      changed: [],
    })
  })

  test('and with addChanged it is added, once', () => {
    for (const files of [
      ['u:a a:on-monday u:c', 'u:a a:on-tuesday u:c'],
      ['u:a#1 a:on-monday#2', 'u:a#1 a:on-tuesday#2'],
    ]) {
      const [first = '', second = ''] = files
      const known = planTurns([], turns(first)).added.map(knownOf)
      const plan = planTurns(known, turns(second), { addChanged: true })
      expect(plan).toMatchObject({ added: [{ text: 'on-tuesday' }], changed: [] })
      expect(planTurns([...known, ...plan.added.map(knownOf)], turns(second), { addChanged: true }).added).toEqual([])
    }
  })

  test('in its role, by its id', () => {
    expect(imports('u:x#1', 'a:x#1')).toMatchObject({ added: [], changed: [{ wasRole: 'user', role: 'agent', was: 'x', is: 'x' }] })
  })

  test('at the start and at the end, where it resembles the known one', () => {
    expect(imports('u:helo-there a:b', 'u:hello-there a:b u:c')).toMatchObject({
      added: ['c'],
      changed: [{ number: 1, is: 'hello-there' }],
    })
    expect(imports('u:a a:on-monday', 'u:a a:on-tuesday')).toMatchObject({ added: [], changed: [{ number: 2 }] })
    expect(imports('u:hi a:welcome u:red-kettle', 'u:hi a:welcome u:my-order')).toMatchObject({ added: ['my-order'], changed: [] })
    expect(imports('u:a1 a:b u:cccc a:d', 'u:cccx a:d u:e')).toMatchObject({ added: ['e'], changed: [{ number: 1, was: 'cccc' }] })
  })

  test('by its id', () => {
    expect(imports('u:a#1 a:b#2', 'u:zzz#1 a:b#2')).toMatchObject({ added: [], known: 1, changed: [{ number: 1, was: 'a', is: 'zzz' }] })
  })

  test('by its role and time', () => {
    expect(imports('u:a@1 a:on-monday@2', 'u:a@1 a:on-tuesday@2')).toMatchObject({ added: [], changed: [{ number: 2 }] })
    expect(imports('u:one@1 u:two@1', 'u:three@1')).toMatchObject({ added: ['three'], changed: [] })
    expect(imports('u:on-monday@1 u:at-noon@1', 'u:on-tuesday@1')).toMatchObject({ added: [], changed: [{ was: 'on-monday' }] })
  })
})

describe('a time or an id tells equal turns apart', () => {
  test('of another day', () => {
    expect(imports('u:a@1 a:b@2', 'u:a@3 a:b@4')).toMatchObject({ added: ['a', 'b'], changed: [], late: 0 })
    expect(imports('u:hi@1 a:hello@2 u:red@3', 'u:hi@11 a:hello@12 u:blue@13')).toMatchObject({
      added: ['hi', 'hello', 'blue'],
      changed: [],
    })
    expect(imports('u:ok#1 a:b#2', 'u:ok#3 a:c#4')).toMatchObject({ added: ['ok', 'c'], changed: [] })
  })

  test('but a file without them knows the turns', () => {
    expect(imports('u:a@1 a:b@2', 'u:a a:b')).toMatchObject({ added: [], known: 2 })
    expect(imports('u:a a:b', 'u:a@1 a:b@2')).toMatchObject({ added: [], known: 2 })
  })
})

test('every id is given once', () => {
  for (const files of [
    ['u:ok u:ok', 'u:ok@1 u:ok@2 u:ok'],
    ['u:ok@1', 'u:ok@2 u:x'],
    ['u:ok a:ok', 'u:ok a:ok u:ok a:ok'],
  ]) {
    const { ids } = imports(...files)
    expect(new Set(ids).size).toBe(ids.length)
  }
})

test('ten thousand equal turns are compared in no time', () => {
  const many = (minute: number): FileTurn[] =>
    Array.from({ length: 10_000 }, (_, index) => ({ role: 'user', text: 'ok', time: new Date(minute * 60_000 + index).toISOString() }))
  const startedMs = performance.now()
  const first = planTurns([], many(1))
  expect(planTurns(first.added.map(knownOf), [...many(2), { role: 'user', text: 'new' }]).added).toHaveLength(10_001)
  expect(performance.now() - startedMs).toBeLessThan(5_000)
})
