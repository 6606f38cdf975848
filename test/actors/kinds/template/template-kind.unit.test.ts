import { describe, expect, test } from 'vitest'
import { createTemplate } from '../../../../actors/kinds/template/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'
import { DOCUMENT_LIMITS } from '../../../../schemas/document-events.ts'

const templateKind = createTemplate()
type Story = Scenario<typeof templateKind>

const SOURCE = { object: '0'.repeat(32), sha256: '1'.repeat(64), bytes: 10 }
const TEXT = 'Dear {{ name }}'
const ASKER = { source: 'colloquy/test/document/bill' }

const story = (): Story => given(templateKind, { id: 'letter' }).task('keep', SOURCE).task('tell', { recipients: 3 })
const set = (data: object = {}, from = story()): Story => from.when('template.set', { text: TEXT, ...data })

describe('a template', () => {
  test('is in use once its text is stored', () => {
    set()
      .thenEmitted('template.changed', { version: 1, lang: 'en', bytes: TEXT.length })
      .thenLabel({ version: 1, lang: 'en' })
      .thenState('ready')
  })

  test('that is set to the same again has no new version', () => {
    set({ note: 'the same' }, set()).thenNotEmitted().thenLabel({ version: 1 })
    set({ lang: 'zh' }, set()).thenEmitted('template.changed', { version: 2, lang: 'zh' })
    set({ schema: { type: 'object' } }, set()).thenEmitted('template.changed', { version: 2 })
  })

  test('tells its documents of each version', () => {
    const started = set({ text: 'other' }, set()).records.flatMap((record) => record.started)
    expect(started.filter(({ task }) => task === 'tell').map(({ input }) => input)).toMatchObject([
      { where: { label: { template: 'letter' } }, data: { version: 1 } },
      { where: { label: { template: 'letter' } }, data: { template: 'letter', version: 2, source: SOURCE } },
    ])
  })

  test('says that its documents were not told', () => {
    set({}, story().task('tell', fails('too_many_recipients')))
      .thenEmitted('template.failed', { code: 'too_many_recipients' })
      .thenState('ready')
      .thenLabel({ version: 1 })
  })

  test('tells who asks of the version in use', () => {
    story()
      .when('template.asked', {}, ASKER)
      .thenSent('document', 'bill', 'template.given', { template: 'letter', version: 0, source: null })
    set().when('template.asked', {}, ASKER).thenSent('document', 'bill', 'template.given', { version: 1, source: SOURCE })
  })

  test('whose text cannot be stored stays as it was', () => {
    const failed = given(templateKind, { id: 'letter' }).task('keep', fails('objects_full')).when('template.set', { text: TEXT })
    failed.thenEmitted('template.failed', { code: 'objects_full' }).thenLabel({ version: 0 })
    set({}, failed.task('keep', SOURCE).task('tell', { recipients: 0 })).thenEmitted('template.changed', { version: 1 })
  })

  test.each([
    [{ text: 'a\nDear {{ name ' }, 'text: line 2, column 6: output "{{ name " not closed'],
    [{ text: 'a\n  {% fi %}' }, 'text: line 2, column 3: tag "fi" not found'],
    [{ text: '{{ a | upper }}' }, 'text: line 1, column 1: undefined filter: upper'],
    [{ text: '{% render "/etc/passwd" %}' }, 'text: line 1, column 1: tag "render" not found'],
    [{ text: '{% include "https://example.com" %}' }, 'tag "include" not found'],
    [{ text: '字'.repeat(DOCUMENT_LIMITS.templateBytesMax / 3 + 1) }, 'must have at most 48 KiB'],
    [{ text: '{% if a %}\n'.repeat(4_000) }, 'text: line 65, column 1: at most 64 blocks'],
    [{ text: `{% liquid ${'if a\n'.repeat(4_000)} %}` }, 'text: line 1, column 1: at most 64 blocks'],
    [{ text: `{{ a${'[b'.repeat(4_000)} }}` }, 'at most 64 blocks and 32 brackets'],
    [
      { schema: { type: 'object', properties: { a: { type: 'strange' } } } },
      'schema.properties.a.type: must be equal to one of the allowed values',
    ],
    [{ schema: { $ref: 'https://example.com/schema.json' } }, 'schema: $ref to https://example.com/schema.json: only parts of itself'],
    [{ schema: { $schema: 'http://json-schema.org/draft-04/schema#' } }, 'schema: '],
    [{ schema: { type: 'object', description: 'x'.repeat(DOCUMENT_LIMITS.schemaBytesMax) } }, 'must have at most 16 KiB'],
  ])('that is none is refused with its line %#', (data, problem) => {
    const refused = set(data).thenRejected('bad_data')
    expect(JSON.stringify(refused.records.at(-1))).toContain(JSON.stringify(problem).slice(1, -1))
  })

  test('keeps its newest versions', () => {
    const { versionsMax } = DOCUMENT_LIMITS
    const many = Array.from({ length: versionsMax + 3 }).reduce<Story>((from, _, index) => set({ text: `version ${index}` }, from), story())
    many.thenLabel({ version: versionsMax + 3 })
    expect(many.context.versions).toHaveLength(versionsMax)
  })

  test('has no walk with a fault', () => {
    const { unreached, ineffective } = explore(templateKind, {
      runs: 100,
      events: { 'template.set': [{ text: 'Dear {{ name }}' }, { text: '亲爱的 {{ name }}', lang: 'zh' }] },
      invariant({ state, context: { versions, next } }) {
        if ((state === 'storing') !== (next !== null)) return `it is ${state}, and its next version is ${next?.version}`
        const isCounted = versions.every(({ version }, at) => at === 0 || version === (versions[at - 1]?.version ?? 0) + 1)
        return isCounted ? undefined : `its versions are ${versions.map(({ version }) => version).join(', ')}`
      },
    })
    expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
  })
})
