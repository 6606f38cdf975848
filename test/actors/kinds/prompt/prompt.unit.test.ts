import { expect, test } from 'vitest'
import { promptKind } from '../../../../actors/kinds/prompt/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { PROMPT_LIMITS } from '../../../../schemas/prompt-events.ts'

const answer = given(promptKind, { tenant: 'acme', id: 'answer' })
const taught = answer
  .when('prompt.set', { text: 'One {{persona}}' })
  .when('prompt.set', { text: '二 {{tone}}', variables: { tone: '亲切' } })
const errorOf = ({ records }: Scenario<typeof promptKind>): string => records.at(-1)?.error ?? ''
const versionsOf = ({ context }: Scenario<typeof promptKind>): number[] => context.texts.map(({ version }) => version)

test('a text is a new version, told with its hash; the same text again changes nothing', () => {
  const set = answer.when('prompt.set', { text: 'One {{persona}}', note: 'first' })
  set.thenEmitted('prompt.changed', { version: 1, hash: set.context.texts[0]?.hash ?? '' })
  set.when('prompt.set', { text: 'One {{persona}}' }).thenNotEmitted()
  expect(set.context.texts[0]).toMatchObject({ version: 1, note: 'first', hash: expect.stringMatching(/^[0-9a-f]{12}$/) as string })
  expect(set.context.release).toEqual({ version: 0, share: 1, before: 0 })
})

test('a version is rolled out to a share, to all, and back', () => {
  const some = taught
    .when('prompt.released', { version: 1, share: 0.1 })
    .thenEmitted('prompt.rolled_out', { version: 1, share: 0.1, before: 0 })
  const all = some.when('prompt.released', { version: 1 }).thenEmitted('prompt.rolled_out', { version: 1, share: 1, before: 0 })
  const next = all
    .when('prompt.released', { version: 2, share: 0.5 })
    .thenEmitted('prompt.rolled_out', { version: 2, share: 0.5, before: 1 })
    .when('prompt.released', { version: 2 })
    .thenEmitted('prompt.rolled_out', { version: 2, share: 1, before: 1 })
  next.when('prompt.released', { version: 2 }).thenNotEmitted()
  next.when('prompt.released', { version: 1 }).thenEmitted('prompt.rolled_out', { version: 1, share: 1, before: 2 })
  next.when('prompt.released', { version: 0 }).thenEmitted('prompt.rolled_out', { version: 0, share: 1, before: 2 })
})

test('a version that only a share got is none to fall back to', () => {
  taught
    .when('prompt.released', { version: 1 })
    .when('prompt.released', { version: 2, share: 0.2 })
    .when('prompt.set', { text: 'three' })
    .when('prompt.released', { version: 3, share: 0.4 })
    .thenEmitted('prompt.rolled_out', { version: 3, share: 0.4, before: 1 })
    .when('prompt.released', { version: 1 })
    .thenEmitted('prompt.rolled_out', { version: 1, share: 1, before: 1 })
})

test('texts are kept as long as there is room; those in use always', () => {
  const released = taught.when('prompt.released', { version: 1 }).when('prompt.released', { version: 2 })
  const set = (scenario: typeof released, texts: readonly string[]) =>
    texts.reduce((after, text) => after.when('prompt.set', { text }), scenario)
  const short = set(
    released,
    Array.from({ length: 12 }, (_, index) => `short ${index}`),
  )
  expect(versionsOf(short)).toEqual([1, 2, 7, 8, 9, 10, 11, 12, 13, 14])
  const long = set(
    released,
    ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(PROMPT_LIMITS.textBytesMax - 2)),
  )
  expect(versionsOf(long)).toEqual([1, 2, 5, 6, 7])
  const refused = long.when('prompt.released', { version: 3 })
  expect(errorOf(refused.thenRejected('bad_data'))).toContain(
    'the text of version 3 is no longer kept, only that of 1, 2, 5, 6, 7; set it again',
  )
})

test.each([
  [
    'prompt.set',
    { text: 'a {{nothing}}' },
    'text: line 1: there is no variable "nothing"; there are persona, company, rules, language, noAnswer',
  ],
  ['prompt.set', { text: 'a {{persona' }, 'text: line 1: "{{" starts a variable and must be closed'],
  ['prompt.set', { text: '' }, 'text'],
  ['prompt.set', { text: '长'.repeat(6_000) }, 'text: takes 18002 bytes as JSON; at most 16384'],
  ['prompt.set', { text: 'a', variables: { persona: 'x' } }, 'variables: every prompt has "persona" already; give another name'],
  ['prompt.set', { text: 'a', variables: { 'a b': 'x' } }, 'variables.a b'],
  ['prompt.set', { text: 'a', variables: { tone: 'x'.repeat(2_100) } }, 'variables: takes 2111 bytes'],
  ['prompt.released', { version: 3 }, 'version: there are the versions 1 to 2, and 0, the built-in text; 3 is none of them'],
  ['prompt.released', { version: 1, share: 1.5 }, 'share'],
  ['prompt.released', { version: 1, share: -0.1 }, 'share'],
  ['prompt.released', { version: 0, share: 0.5 }, 'share: all other conversations get version 0 already'],
] as const)('%s that does not fit is refused with what to do', (type, data, says) => {
  expect(errorOf(taught.when(type, data).thenRejected('bad_data'))).toContain(says)
})

test('nothing can be released before something is set, and a name must fit', () => {
  expect(errorOf(answer.when('prompt.released', { version: 1 }))).toContain('nothing was set yet; send prompt.set first')
  const misnamed = given(promptKind, { tenant: 'acme', id: 'a'.repeat(40) }).when('prompt.set', { text: 'a' })
  expect(errorOf(misnamed.thenRejected('bad_data'))).toContain('is no name of a prompt')
})

test('three texts of the largest size fit into the state', () => {
  const text = (start: string): string => start + '\n'.repeat((PROMPT_LIMITS.textBytesMax - 3) / 2)
  const variables = { tone: 'x'.repeat(PROMPT_LIMITS.variablesBytesMax - 12) }
  const note = '\n'.repeat(PROMPT_LIMITS.noteCharsMax)
  const full = ['a', 'b', 'c'].reduce((scenario, start, index) => {
    const set = scenario.when('prompt.set', { text: text(start), variables, note })
    return index < 2 ? set.when('prompt.released', { version: index + 1 }) : set
  }, answer)
  expect(versionsOf(full)).toEqual([1, 2, 3])
  expect(Buffer.byteLength(JSON.stringify(full.context))).toBeLessThan(LIMITS.stateBytesMax)
})

test('explore finds nothing wrong', () => {
  expect(explore(promptKind, { runs: 50 }).unreached).toEqual([])
})
