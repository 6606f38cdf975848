import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { readLog } from '../../support/system-assertions.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { CHANGED, documentKind, templateKind } from '../../support/template-config.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [documentKind, templateKind] })
})
afterAll(() => system.stop())

const templateState = z.object({ reached: z.int(), code: z.string() })
const publish = (address: string, type: string, data: object = {}) =>
  publishAll(system, [{ subject: `in.${address}`, body: { type, data } }])
const lastOf = async (actor: string) => (await readLog(system)).findLast((entry) => entry.actor === actor)?.record
const becomes = (actor: string, state: string) => expect.poll(async () => (await lastOf(actor))?.to, { timeout: 60_000 }).toBe(state)
const told = async (tenant: string) =>
  (await readLog(system))
    .filter(({ actor, record }) => actor.startsWith(`${tenant}/document/`) && record.input.type === CHANGED)
    .map(({ actor, record }) => ({ id: actor.split('/')[2], input: record.input }))

test('an event reaches the actors that a condition selects, each once', async () => {
  await publish('acme.document.d1', 'opened', { template: 't1' })
  await publish('acme.document.d2', 'opened', { template: 't2' })
  await publish('acme.document.d3', 'opened', { template: 't1' })
  await publish('acme.document.d4', 'opened', { template: 't1' })
  await publish('acme.document.d4', 'ended')
  await publish('other.document.d5', 'opened', { template: 't1' })
  await publish('acme.template.t1', 'changed')
  await becomes('acme/template/t1', 'told')
  expect(templateState.parse((await lastOf('acme/template/t1'))?.state?.context)).toMatchObject({ reached: 2 })
  await expect.poll(async () => (await told('acme')).map(({ id }) => id).sort(), { timeout: 60_000 }).toEqual(['d1', 'd3'])
  expect(await told('other')).toEqual([])
})
