import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDocumentKind } from '../../../../actors/kinds/document/kind.ts'
import { createTemplate } from '../../../../actors/kinds/template/kind.ts'
import { createDocumentMaker } from '../../../../pipeline/documents/document-maker.ts'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const TEXT = '# {{ title }}\n\nDear {{ name }},\n\nyou owe us {{ sum }}.\n'
let system: System

beforeAll(async () => {
  system = await startSystem({ kinds: [createTemplate(), createDocumentKind({ make: createDocumentMaker() })] })
})
afterAll(() => system.stop())

const publish = (key: string, type: string, data: object) => publishAll(system, [{ subject: `in.acme.${key}`, body: { type, data } }])
const emitted = async (actor: string, type: string): Promise<unknown[]> =>
  (await readLog(system))
    .filter((entry) => entry.actor === actor)
    .flatMap(({ record }) => record.emitted.filter((one) => one.type === type).map(({ data }) => data))

test('a template and data make a document in four formats', async () => {
  await publish('document.bill', 'document.set', { template: 'letter', data: { title: 'A bill', name: 'Ann', sum: 12 } })
  await publish('template.letter', 'template.set', { text: TEXT, schema: { type: 'object', required: ['name'] } })
  await expect.poll(() => emitted('acme/template/letter', 'template.changed'), { timeout: 60_000 }).toHaveLength(1)
  await publish('document.bill', 'document.set', { template: 'letter', data: { title: 'A bill', name: 'Ann', sum: 13 } })
  await expect.poll(() => emitted('acme/document/bill', 'document.rendered'), { timeout: 60_000 }).toHaveLength(1)
}, 120_000)
