import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDocumentKind } from '../../../../actors/kinds/document/kind.ts'
import { createTemplate } from '../../../../actors/kinds/template/kind.ts'
import { createDocumentMaker } from '../../../../pipeline/documents/document-maker.ts'
import { taskSubject } from '../../../../schemas/subjects.ts'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

/** More than a process takes of one tenant. */
const ENDLESS = 150
/** A pattern that takes for ever with these data. */
const SCHEMA = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }
const DATA = { a: `${'a'.repeat(60)}b` }
let system: System

beforeAll(async () => {
  const make = createDocumentMaker({ threadsMax: 2, makeMsMax: 10_000, heapMiBMax: 256, idleMsMax: 60_000 })
  system = await startSystem({ kinds: [createTemplate(), createDocumentKind({ make })], settings: { ROLES: 'host,dispatch,tasks' } })
})
afterAll(() => system.stop())

const setDocuments = (tenant: string, ids: readonly string[], data: object) =>
  publishAll(
    system,
    ids.map((id) => ({
      subject: `in.${tenant}.document.${id}`,
      body: { type: 'document.set', data: { template: 't', data, formats: ['markdown'] } },
    })),
  )
const setTemplate = (tenant: string, template: object) =>
  publishAll(system, [{ subject: `in.${tenant}.template.t`, body: { type: 'template.set', data: template } }])
const idsOf = (length: number): string[] => Array.from({ length }, (_, index) => `d${index}`)
const emittedBy = async (tenant: string, type: string): Promise<string[]> =>
  (await readLog(system)).flatMap(({ actor, record }) =>
    actor.startsWith(`${tenant}/document/`) ? record.emitted.filter((event) => event.type === type).map(() => actor) : [],
  )

test('a tenant whose templates take for ever does not keep the documents of another waiting', async () => {
  const { jsm } = system.running.jetstream
  await setTemplate('endless', { text: 'x', schema: SCHEMA })
  await setTemplate('acme', { text: 'Dear {{ name }}' })
  await setDocuments('endless', idsOf(ENDLESS), DATA)
  const waiting = async (): Promise<number> => {
    const subject = taskSubject('render', { tenant: 'endless', kind: 'document', id: '*' })
    const { state } = await jsm.streams.info('TASKS', { subjects_filter: subject })
    return Object.keys(state.subjects ?? {}).length
  }
  await expect.poll(waiting, { timeout: 60_000 }).toBeGreaterThan(ENDLESS - 10)

  await setDocuments('acme', idsOf(20), { name: 'Ann' })
  const rendered = async (): Promise<number> => new Set(await emittedBy('acme', 'document.rendered')).size
  await expect.poll(rendered, { timeout: 60_000 }).toBe(20)
  expect(await waiting()).toBeGreaterThan(ENDLESS / 2)
  expect(await emittedBy('acme', 'document.failed')).toEqual([])
}, 180_000)
