import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDocumentKind } from '../../../../actors/kinds/document/kind.ts'
import { createTemplate } from '../../../../actors/kinds/template/kind.ts'
import { createDocumentMaker } from '../../../../pipeline/documents/document-maker.ts'
import { readFileOf } from '../../../../pipeline/documents/document-versions.ts'
import { pdfText } from '../../../../pipeline/ingest/reading/pdf-text.ts'
import { runCli } from '../../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const TEXT = '# {{ title }}\n\nDear {{ name }},\n\nyou owe us {{ sum }}.\n'
const SCHEMA = { type: 'object', properties: { name: { type: 'string' }, sum: { type: 'number' } }, required: ['name', 'sum'] }
let system: System

beforeAll(async () => {
  system = await startSystem({ kinds: [createTemplate(), createDocumentKind({ make: createDocumentMaker() })] })
})
afterAll(() => system.stop())

const publish = (key: string, type: string, ...data: object[]) =>
  publishAll(
    system,
    data.map((one) => ({ subject: `in.acme.${key}`, body: { type, data: one } })),
  )
const emitted = async (actor: string, type: string): Promise<unknown[]> =>
  (await readLog(system))
    .filter((entry) => entry.actor === actor)
    .flatMap(({ record }) => record.emitted.filter((one) => one.type === type).map(({ data }) => data))
const becomes = (actor: string, type: string, count: number) =>
  expect.poll(() => emitted(actor, type), { timeout: 60_000 }).toHaveLength(count)
const address = (id: string) => ({ tenant: 'acme', kind: 'document', id })
const fileOf = async (id: string, format: 'markdown' | 'html' | 'docx' | 'pdf', version?: number) =>
  (await readFileOf(system.running.jetstream, address(id), { format, version })).bytes
const cli = (...args: string[]) => runCli(args, { dataDir: system.settings.DATA_DIR })

test('a document is made of template and data, again when either changes, is compared and approved', async () => {
  await publish('document.bill', 'document.set', { template: 'letter', data: { title: 'A bill', name: 'Ann', sum: 12 } })
  await publish('template.letter', 'template.set', { text: TEXT, schema: SCHEMA })
  await becomes('acme/document/bill', 'document.rendered', 1)
  expect((await fileOf('bill', 'markdown')).toString()).toBe('# A bill\n\nDear Ann,\n\nyou owe us 12.\n')
  expect((await fileOf('bill', 'html')).toString()).toContain('<p>you owe us 12.</p>')
  expect((await pdfText(await fileOf('bill', 'pdf'))).text.split(/\n+/)).toEqual(['A bill', 'Dear Ann,', 'you owe us 12.'])

  await publish('document.bill', 'document.changed', ...Array.from({ length: 50 }, (_, index) => ({ data: { sum: index } })))
  await becomes('acme/document/bill', 'document.rendered', 2)
  await publish('template.letter', 'template.set', { text: `${TEXT}\nYours\n`, schema: SCHEMA })
  await becomes('acme/document/bill', 'document.rendered', 3)
  expect(await emitted('acme/document/bill', 'document.rendered')).toMatchObject([
    { version: 1, templateVersion: 1, lines: { added: 5, removed: 0 } },
    { version: 2, templateVersion: 1, lines: { added: 1, removed: 1 } },
    { version: 3, templateVersion: 2, lines: { added: 2, removed: 0 } },
  ])
  await publish('document.bill', 'approval.given', { version: 3, by: 'ann' })
  await becomes('acme/document/bill', 'document.approved', 1)

  const listed = await cli('documents', 'ls', 'acme/document/bill', '--json')
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    { version: 1, approved: false },
    { version: 2 },
    { version: 3, approved: true, formats: ['markdown', 'html', 'docx', 'pdf'] },
  ])
  const { stdout } = await cli('documents', 'diff', 'acme/document/bill', '1', '2')
  expect(stdout).toContain('- you owe us 12.\n+ you owe us 49.')
  const path = join(system.settings.DATA_DIR, 'bill.pdf')
  await cli('documents', 'get', 'acme/document/bill', '--at', '2', '--out', path)
  expect(await readFile(path)).toEqual(await fileOf('bill', 'pdf', 2))
  const missing = await cli('documents', 'get', 'acme/document/bill', '--at', '9', '--out', path)
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('it keeps the versions 1, 2, 3') as string })
  await caughtUp(system)
  const columns = 'version, template_version, lines_added, approved_by'
  expect(await rows(system, `SELECT ${columns} FROM document_versions ORDER BY version`)).toMatchObject([
    { version: 1, template_version: 1, lines_added: 5, approved_by: null },
    { version: 2 },
    { version: 3, template_version: 2, approved_by: 'ann' },
  ])
}, 180_000)

test('a template that cannot be filled, loops for ever or lacks data is told with its line or field', async () => {
  const loop = 'x\n{% for i in (1..100000) %}{% for j in (1..100000) %}{% assign x = j %}{% endfor %}{% endfor %}'
  await publish('template.loop', 'template.set', { text: loop })
  await publish('template.lacks', 'template.set', { text: 'Dear\n\n{{ name }}' })
  for (const id of ['loop', 'lacks', 'letter'])
    await publish(`document.${id}`, 'document.set', { template: id, data: {}, formats: ['html'] })
  for (const id of ['loop', 'lacks', 'letter']) await becomes(`acme/document/${id}`, 'document.failed', 1)
  const problems = await Promise.all(['loop', 'lacks', 'letter'].map((id) => emitted(`acme/document/${id}`, 'document.failed')))
  expect(problems.flat()).toMatchObject([
    { code: 'template_failed', line: 2, problem: expect.stringContaining('limit exceeded') as string },
    { code: 'template_failed', line: 3, column: 4, problem: 'undefined variable: name' },
    { code: 'bad_document_data', problem: "data: must have required property 'name'" },
  ])
}, 180_000)
