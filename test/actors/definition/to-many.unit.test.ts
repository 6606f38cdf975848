import { expect, test } from 'vitest'
import { toMany } from '../../../actors/definition/to-many.ts'
import { explore, fails, fansOutTo, firstAttempt, given } from '../../../infra/testkit.ts'
import { recipientsWhere } from '../../../schemas/recipients.ts'
import { documentKind, templateKind } from '../../support/template-config.ts'

const refusal = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('a definition is refused that sends an event which the kind does not take, and bounds that are none', () => {
  // As untyped code would call it.
  const untyped: (options: object) => unknown = toMany as (options: object) => unknown
  expect(refusal(() => untyped({ kind: documentKind, type: 'template.gone' }))).toMatchObject({
    code: 'bad_kind',
    message: 'toMany: kind "document" takes no event "template.gone"; it takes opened, filed, ended, template.changed',
  })
  expect(refusal(() => untyped({ kind: documentKind, type: 'toString' }))).toMatchObject({ code: 'bad_kind' })
  expect(refusal(() => toMany({ kind: documentKind, type: 'template.changed', recipientsMax: 0 }))).toMatchObject({
    code: 'bad_kind',
    message: 'toMany to "document": recipientsMax must be a whole number from 1',
  })
})

test('the data of the event are checked by its schema before the task starts', () => {
  const { tell } = templateKind.tasks
  expect(tell.input.safeParse({ data: { version: 2 } }).data).toEqual({ where: {}, data: { version: 2 } })
  expect(tell.input.safeParse({ data: { version: 'two' } }).error?.issues).toMatchObject([
    { path: ['data'], message: 'template.changed.version: must be a number' },
  ])
})

test('a condition has bounds', () => {
  const facts = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, index]))
  expect(recipientsWhere.safeParse({ label: facts(8), context: facts(8) }).success).toBe(true)
  expect(recipientsWhere.safeParse({ label: facts(8), context: facts(9) }).success).toBe(false)
  expect(recipientsWhere.safeParse({ state: Array.from({ length: 129 }, () => 's') }).success).toBe(false)
  expect(recipientsWhere.safeParse({ sql: '1 = 1' }).success).toBe(false)
  expect(recipientsWhere.safeParse({ label: { a: { b: 1 } } }).success).toBe(false)
})

test('the test kit tells a machine how many actors its task reached', () => {
  const changed = given(templateKind, { id: 't1' }).when('changed', {})
  changed
    .thenTask('tell', { data: { version: 2 }, where: { context: { template: 't1' } } })
    .taskEnds('tell', { recipients: 3 })
    .thenState('told')
    .thenContext({ reached: 3 })
  changed.taskEnds('tell', fails('too_many_recipients')).thenState('failed')
  given(documentKind).when('template.changed', { version: 2 }).thenContext({ version: 2, times: 1 })
})

test('a fan-out in memory selects as the tables do, in the order of ids, within its bound', async () => {
  const actors = [
    { id: 'b', state: 'archive.shelf', label: { template: 't1', pages: 3 }, context: { signed: true } },
    { id: 'a', state: 'open', label: { template: 't1', pages: 1 }, context: { signed: false } },
    { id: 'c', state: 'open', label: { template: 't2' } },
  ]
  const conditions = [
    [{}, 'a b c'],
    [{ state: 'archive' }, 'b'],
    [{ state: ['open', 'archive.shelf'], label: { template: 't1' } }, 'a b'],
    [{ label: { pages: [1, 3] }, context: { signed: true } }, 'b'],
    [{ label: { pages: '3' } }, ''],
  ] as const
  for (const [where, ids] of conditions) {
    const recorder = fansOutTo(actors)
    const what = { kind: 'document', type: 'template.changed', data: { version: 2 }, where: recipientsWhere.parse(where), recipientsMax: 3 }
    const count = await recorder.fanOut(what)
    expect({ where, ids: recorder.sent.map(({ id }) => id).join(' ') }).toEqual({ where, ids })
    expect(count).toBe(recorder.sent.length)
  }
  const all = { kind: 'document', type: 'template.changed', data: {}, where: {}, recipientsMax: 2 }
  await expect(fansOutTo(actors).fanOut(all)).rejects.toMatchObject({ code: 'too_many_recipients' })
  await expect(firstAttempt.fanOut(all)).rejects.toMatchObject({ code: 'no_such_recipients' })
})

test('explore walks through a kind that tells many', () => {
  const { unreached } = explore(templateKind, { restingStates: ['still', 'told', 'failed', 'tellingNobody', 'tellingWrongly'] })
  expect(unreached).toEqual([])
})
