import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDocumentKind } from '../../../../actors/kinds/document/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'
import { DOCUMENT_LIMITS } from '../../../../schemas/document-events.ts'

const documentKind = createDocumentKind({ make: async () => ({ title: '', files: { markdown: '' } }) })
type Story = Scenario<typeof documentKind>

const reference = (digit: string) => ({ object: digit.repeat(32), sha256: digit.repeat(64), bytes: 10 })
const MADE = { title: 'A bill', files: { markdown: reference('2'), pdf: reference('3') }, lines: { added: 3, removed: 1 } }
const FROM_TEMPLATE = { source: 'colloquy/test/template/letter' }

const story = (): Story => given(documentKind, { id: 'bill' }).task('render', { made: MADE })
const set = (data: Record<string, string | number> = { name: 'Ann' }, from = story()): Story =>
  from.when('document.set', { template: 'letter', data })
const told = (from: Story, version = 1, template = 'letter'): Story =>
  from.when('template.given', { template, version, source: version === 0 ? null : reference('1') }, FROM_TEMPLATE)
const made = (): Story => told(set()).after('1s')
const inputsIn = (from: Story) => from.records.flatMap(({ started }) => started.map(({ input }) => input))

describe('a document', () => {
  test('asks its template, and is made of the answer', () => {
    const asking = set().thenState('asking').thenSent('template', 'letter', 'template.asked')
    told(asking, 0).thenState('asking')
    told(asking)
      .thenState('settling')
      .after('1s')
      .thenEmitted('document.rendered', { version: 1, template: 'letter', templateVersion: 1, ...MADE })
      .thenState('current.draft')
      .thenLabel({ template: 'letter', template_version: 1, version: 1, approved: 0 })
  })

  test('has one new version after 50 changes', () => {
    let changing = made()
    for (let change = 0; change < 50; change++) changing = changing.after('20ms').when('document.changed', { data: { change } })
    changing.thenState('settling').after('1s').thenEmitted('document.rendered', { version: 2 }).after('1h').thenLabel({ version: 2 })
    expect(inputsIn(changing.after('1s')).at(-1)).toMatchObject({ data: { name: 'Ann', change: 49 } })
  })

  test('is made in the end where changes do not end', () => {
    let changing = made()
    for (let change = 0; change < 30; change++) changing = changing.when('document.changed', { data: { change } }).after('500ms')
    changing.thenLabel({ version: 2 })
  })

  test('takes a field, changes and removes it', () => {
    const changed = set({ name: 'Ann', city: 'Ulm' }).when('document.changed', { data: { name: null, sum: 3 } })
    expect(changed.context.settings?.data).toEqual({ city: 'Ulm', sum: 3 })
    made()
      .when('document.changed', { data: { name: 'Ann' } })
      .thenNothing()
    set({ name: 'Ann' }, made()).thenNothing()
  })

  test('is made again when its template changes, and not by what is older or of another', () => {
    told(made(), 2).thenState('settling').after('1s').thenEmitted('document.rendered', { version: 2, templateVersion: 2 })
    told(made(), 1).thenNothing()
    told(made(), 5, 'other').thenNothing()
  })

  test('asks another template when it gets one', () => {
    made().when('document.set', { template: 'other', data: {} }).thenState('asking').thenSent('template', 'other', 'template.asked')
  })

  test('has no new version where nothing is new', () => {
    const same = told(made().task('render', {}), 2).after('1s').thenNotEmitted().thenState('current.draft')
    same.thenLabel({ version: 1, template_version: 2 })
  })

  test('tells why it cannot be made, with the line, and can be made again', () => {
    const problem = { code: 'template_failed', problem: 'undefined variable: name', line: 3, column: 5 }
    const failed = told(set({}, story().task('render', { problem }))).after('1s')
    failed.thenState('failed').thenEmitted('document.failed', { template: 'letter', templateVersion: 1, ...problem })
    failed.task('render', { made: MADE }).when('document.retried', {}).thenState('current.draft')
    failed
      .task('render', { made: MADE })
      .when('document.changed', { data: { name: 'Ann' } })
      .after('1s')
      .thenState('current.draft')
    told(set({}, story().task('render', fails('objects_full'))))
      .after('1s')
      .thenEmitted('document.failed', { code: 'objects_full' })
  })

  test('is approved in its newest version, and is a draft again with another', () => {
    const approved = made().when('approval.given', { version: 1, by: 'ann' })
    approved.thenState('current.approved').thenEmitted('document.approved', { version: 1, by: 'ann' }).thenLabel({ approved: 1 })
    const next = told(approved, 2).after('1s').thenState('current.draft').thenLabel({ version: 2, approved: 1 })
    next.when('approval.given', { version: 1, by: 'ann' }).thenRejected('bad_data')
    next
      .when('approval.declined', { version: 2, by: 'bob', reason: 'too long' })
      .thenState('current.declined')
      .thenEmitted('document.declined', { version: 2, by: 'bob', reason: 'too long' })
      .when('approval.given', { version: 2, by: 'bob' })
      .thenState('current.approved')
      .when('approval.declined', { version: 2, by: 'ann', reason: 'not yet' })
      .thenState('current.declined')
      .thenLabel({ approved: 0 })
    told(approved.task('render', {}), 2).after('1s').thenState('current.approved')
  })

  test('keeps its newest versions and the approved one', () => {
    const { versionsMax } = DOCUMENT_LIMITS
    let many = made().when('approval.given', { version: 1, by: 'ann' })
    for (let version = 2; version < versionsMax + 5; version++) many = told(many, version).after('1s')
    expect(many.context.versions.map(({ version }) => version).slice(0, 2)).toEqual([1, 5])
    expect(many.context.versions).toHaveLength(versionsMax + 1)
  })

  test.each([
    ['document.changed', { data: { a: 1 } }, 'send document.set first'],
    ['approval.given', { version: 1, by: 'ann' }, 'the document has none yet'],
    ['document.set', { template: 'letter', data: { a: 'x'.repeat(DOCUMENT_LIMITS.dataBytesMax) } }, 'must have at most 32 KiB'],
    ['document.set', { template: 'letter', data: {}, formats: ['pdf', 'pdf'] }, 'must not have a format twice'],
  ] as const)('refuses %s %j', (type, data, problem) => {
    const refused = story().when(type, data).thenRejected('bad_data')
    expect(JSON.stringify(refused.records.at(-1))).toContain(problem)
  })

  test('refuses a change beyond its data', () => {
    const half = 'x'.repeat(DOCUMENT_LIMITS.dataBytesMax / 2)
    const refused = set({ a: half })
      .when('document.changed', { data: { b: half } })
      .thenRejected('bad_data')
    expect(JSON.stringify(refused.records.at(-1))).toContain('at most 32768')
  })

  test('has no walk with a fault', () => {
    const source = { object: 'a'.repeat(32), sha256: 'b'.repeat(64), bytes: 1 }
    const made = { title: 'T', files: { markdown: source }, lines: { added: 1, removed: 0 } }
    const { unreached, ineffective } = explore(documentKind, {
      runs: 100,
      events: {
        'document.set': fc.constant({ template: 't', data: { n: 1 } }),
        'document.changed': fc.constantFrom({ data: { n: 2 } }, { data: { n: 3 } }),
        'template.given': fc.constantFrom(1, 2).map((version) => ({ template: 't', version, source })),
        'approval.given': fc.constant({ version: 1, by: 'ada' }),
        'approval.declined': fc.constant({ version: 1, by: 'ada', reason: 'no' }),
      },
      tasks: { render: [{ made }, { problem: { code: 'bad_template', problem: 'no' } }, {}] },
      invariant({ state, context: { settings, template, changedAt, versions, approved, declined } }) {
        if ((state === 'settling' || state === 'rendering') && (settings === null || template === null))
          return `it is ${state} without a template`
        if (state === 'settling' && changedAt === null) return 'it is settling, and nothing has changed'
        if (state.startsWith('current') && changedAt !== null) return `it is ${state}, although something has changed`
        const newest = versions.at(-1)?.version ?? 0
        if (state === 'current.approved' && approved !== newest) return `version ${approved} is approved, and ${newest} is the newest`
        if (state === 'current.declined' && declined !== newest) return `version ${declined} is declined, and ${newest} is the newest`
        const isAscending = versions.every(({ version }, at) => version > (versions[at - 1]?.version ?? 0))
        return isAscending ? undefined : `its versions are ${versions.map(({ version }) => version).join(', ')}`
      },
    })
    // A version is rarely declined in a walk: its own test does.
    expect(unreached.filter((state) => !state.startsWith('current.'))).toEqual([])
    expect(ineffective).toEqual([])
  })
})
