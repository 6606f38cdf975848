import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { caughtUp, publishAll, readLog } from '../../support/system-assertions.ts'
import { CHANGED, documentKind, templateKind } from '../../support/template-config.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [documentKind, templateKind] })
})
afterAll(() => system.stop())

const contextSchema = z.object({ reached: z.int(), code: z.string() })
const publish = (address: string, type: string, data: object = {}) =>
  publishAll(system, [{ subject: `in.${address}`, body: { type, data } }])
const lastOf = async (actor: string) => (await readLog(system)).findLast((entry) => entry.actor === actor)?.record
const becomes = (actor: string, state: string) => expect.poll(async () => (await lastOf(actor))?.to, { timeout: 60_000 }).toBe(state)
const contextOf = async (actor: string) => contextSchema.parse((await lastOf(actor))?.state?.context)
/** The changes that documents of a tenant were told by one template, in the order of LOG. */
const changesBy = async (tenant: string, template: string) => {
  await caughtUp(system)
  return (await readLog(system)).filter(
    ({ record: { input } }) => input.type === CHANGED && input.source === `colloquy/${tenant}/template/${template}`,
  )
}
const idsOf = async (tenant: string, template: string) => (await changesBy(tenant, template)).map(({ actor }) => actor.split('/')[2]).sort()

test('an event reaches the running actors of the tenant that a condition selects, each once', async () => {
  await publish('acme.document.d1', 'opened', { template: 't1' })
  await publish('acme.document.d2', 'opened', { template: 't2' })
  await publish('acme.document.d3', 'opened', { template: 't1' })
  await publish('acme.document.d4', 'opened', { template: 't1' })
  await publish('acme.document.d4', 'ended')
  await publish('other.document.d5', 'opened', { template: 't1' })
  await publishAll(system, [
    { subject: 'in.acme.template.t1', body: { type: 'changed', id: 'change-1', correlationid: 'about-t1', data: {} } },
  ])
  await becomes('acme/template/t1', 'told')
  expect(await contextOf('acme/template/t1')).toMatchObject({ reached: 2 })
  expect(await idsOf('acme', 't1')).toEqual(['d1', 'd3'])
  const [first] = await changesBy('acme', 't1')
  const started = (await readLog(system)).find(({ actor, record }) => actor === 'acme/template/t1' && record.started.length > 0)?.record
  const id = first?.actor.split('/')[2]
  expect(first?.record).toMatchObject({
    outcome: 'committed',
    input: { id: `${started?.started[0]?.run}:${id}`, causationid: 'change-1', correlationid: 'about-t1', data: { version: 2 } },
  })
  // The record of the sender has the number and no ids.
  expect((await lastOf('acme/template/t1'))?.input.data).toMatchObject({ output: { recipients: 2 } })
})

test('conditions select by state, by facts of the label and of the context, and by one of several values', async () => {
  await publish('many.document.a1', 'opened', { template: "o'neil \\ {x}", pages: 1, signed: true })
  await publish('many.document.a2', 'opened', { template: '合同', pages: 2 })
  await publish('many.document.a3', 'opened', { template: '合同', pages: 3 })
  await publish('many.document.a3', 'filed')
  const conditions: readonly [where: object, ids: readonly string[]][] = [
    [{}, ['a1', 'a2', 'a3']],
    [{ state: 'archive' }, ['a3']],
    [{ state: 'archive.shelf' }, ['a3']],
    [{ state: 'arch' }, []],
    [{ state: ['open', 'archive'] }, ['a1', 'a2', 'a3']],
    [{ label: { template: '合同' } }, ['a2', 'a3']],
    [{ label: { template: '合同', pages: 3 } }, ['a3']],
    [{ label: { pages: '3' } }, []],
    [{ label: { nothing: 1 } }, []],
    [{ label: { template: ["o'neil \\ {x}", 'absent'] } }, ['a1']],
    [{ context: { signed: true } }, ['a1']],
    [{ context: { signed: false } }, ['a2', 'a3']],
    [{ context: { pages: 2 }, state: 'open' }, ['a2']],
    [{ context: { template: "' OR 1 = 1 --" } }, []],
  ]
  for (const [index, [where]] of conditions.entries()) await publish(`many.template.c${index}`, 'changed', { where })
  for (const index of conditions.keys()) await becomes(`many/template/c${index}`, 'told')
  for (const [index, [where, ids]] of conditions.entries()) {
    expect({ where, ids: await idsOf('many', `c${index}`) }).toEqual({ where, ids })
    expect(await contextOf(`many/template/c${index}`)).toMatchObject({ reached: ids.length })
  }
})

test('an event waits until the tables have all actors from before its cause', async () => {
  const count = 300
  await publishAll(
    system,
    Array.from({ length: count }, (_, index) => ({
      subject: `in.fresh.document.f${index}`,
      body: { type: 'opened', data: { template: 't1' } },
    })),
  )
  const opened = async () => (await readLog(system)).filter(({ actor }) => actor.startsWith('fresh/document/')).length
  await expect.poll(opened, { timeout: 60_000 }).toBe(count)
  await publish('fresh.template.t1', 'changed')
  await becomes('fresh/template/t1', 'told')
  expect(await contextOf('fresh/template/t1')).toMatchObject({ reached: count })
  const ids = await idsOf('fresh', 't1')
  expect([ids.length, new Set(ids).size]).toEqual([count, count])
})

test('a kind that is not there, data that it does not take, and too many recipients are errors of the task; nothing is sent', async () => {
  for (const id of ['w1', 'w2', 'w3']) await publish(`wrong.document.${id}`, 'opened', { template: 't1' })
  const cases = [
    ['changed.for.nobody', 'no_such_recipients'],
    ['changed.wrongly', 'bad_task_input'],
    ['changed.for.few', 'too_many_recipients'],
  ] as const
  for (const [type, code] of cases) {
    const id = code
    await publish(`wrong.template.${id}`, type)
    await becomes(`wrong/template/${id}`, 'failed')
    expect(await contextOf(`wrong/template/${id}`)).toMatchObject({ code })
    expect((await lastOf(`wrong/template/${id}`))?.ended).toMatchObject([{ attempts: 1 }])
    expect(await changesBy('wrong', id)).toEqual([])
  }
})
