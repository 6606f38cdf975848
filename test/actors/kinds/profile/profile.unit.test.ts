import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../../actors/kinds/profile/profile-kind.ts'
import { readByModel } from '../../../../actors/kinds/profile/read-by-model.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails, never } from '../../../../actors/testkit/task-stubs.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { isPersonal } from '../../../../schemas/personal.ts'
import { customerTold, factSchema, PROFILE_LIMITS } from '../../../../schemas/profile-events.ts'

const profileKind = createProfile()
type Story = Scenario<typeof profileKind>
const ID = '0123456789abcdef'.repeat(2)
const FROM = { source: 'colloquy/acme/support/c1' }
const story = (): Story => given(profileKind, { id: ID }).task('read', { found: [] })
const tell = (from: Story, text: string, message = 'm-1'): Story => from.when('customer.told', { customer: '客户 7', text, message }, FROM)
const known = ({ context }: Story): string[] => context.facts.map(({ about, value }) => `${about}=${value}`)

describe('a profile', () => {
  test('keeps what was said with the message that says it', () => {
    const told = tell(story(), 'Hi! Please call me Li, I am vegetarian.').thenEmitted('profile.changed', {
      said: [
        { about: 'name', value: 'Li' },
        { about: 'diet', value: 'vegetarian' },
      ],
      withdrawn: [],
      facts: 2,
    })
    expect(told.context).toMatchObject({ customer: '客户 7', waiting: [] })
    expect(told.context.facts[0]).toMatchObject({ words: 'Please call me Li', said: { actor: 'support/c1', id: 'm-1' }, by: 'rules' })
  })

  test('the newer of two statements holds, and what is said again changes nothing', () => {
    const both = tell(tell(story(), '叫我小王'), '以后叫我小李')
    expect(known(both)).toEqual(['name=小李'])
    expect(known(tell(tell(story(), 'I like coffee'), "I don't like coffee"))).toEqual(['refuses=coffee'])
    const again = tell(both, '叫我小李')
    expect(again.records.at(-1)?.emitted).toEqual([])
  })

  test('what is withdrawn is gone', () => {
    const all = tell(tell(story(), 'Call me Li. I am vegetarian. I like jazz.'), "Don't call me that")
    expect(known(all)).toEqual(['diet=vegetarian', 'likes=jazz'])
    expect(known(tell(all, 'Forget that I am vegetarian'))).toEqual(['likes=jazz'])
    expect(known(tell(all, 'Please forget everything you know about me'))).toEqual([])
    expect(known(tell(tell(story(), '我吃素。我喜欢爬山。'), '忘掉我吃素这件事'))).toEqual(['likes=爬山'])
  })

  test('a model adds what no rule reads, and never what to call the customer', () => {
    const found = [
      { about: 'other', value: 'two kids', words: 'I have two kids' },
      { about: 'name', value: 'Bob', words: 'Bob' },
    ] as const
    const read = tell(tell(story(), 'Call me Li'), 'I have two kids, Bob and Al')
    expect(known(read)).toEqual(['name=Li'])
    const byModel = given(profileKind, { id: ID }).task('read', { found: [...found] })
    const told = tell(tell(byModel, 'Call me Li'), 'I have two kids, Bob and Al').thenTask('read', { text: 'I have two kids, Bob and Al' })
    expect(known(told)).toEqual(['name=Li', 'other=two kids'])
    expect(told.context.facts[1]?.by).toBe('model')
  })

  test('a model that fails loses nothing that the rules read', () => {
    const failing = given(profileKind, { id: ID }).task('read', fails('model_timeout'))
    expect(known(tell(failing, 'I am vegetarian and I have two kids').thenState('listening'))).toEqual(['diet=vegetarian'])
  })

  test('is emptied with its customer, also while a model reads, and may begin again', () => {
    const reading = tell(given(profileKind, { id: ID }).task('read', never), 'Call me Li')
    const erased = reading.when('profile.erased', {}).thenEmitted('profile.changed', { said: [], withdrawn: [], facts: 0 })
    expect(erased.context).toEqual({ customer: null, facts: [], waiting: [] })
    expect(known(tell(erased, '叫我小李'))).toEqual(['name=小李'])
  })

  test('is told nothing at an id that no customer has', () => {
    given(profileKind, { id: 'foo' })
      .whenRaw({ type: 'customer.told', data: { customer: 'c', text: 'Call me Li', message: 'm-1' } })
      .thenRejected('bad_data')
  })

  test.each([
    [['我对花生过敏', '其实我对花生不过敏'], []],
    [['我对花生过敏', '我对花生不过敏了'], []],
    [['我吃素', '我不是素食者'], []],
    [['I am vegetarian', '我现在吃肉了'], []],
    [['I have a nut allergy', "I'm not allergic to nuts"], []],
    [["I'm vegetarian", "I'm vegan, not vegetarian"], ['diet=vegan']],
    [["I don't eat pork", 'I eat meat again'], ['refuses=pork']],
    [['我吃素', '我是素食者'], ['diet=吃素']],
    [['I live in Bergen', "I don't live in Oslo"], ['home=Bergen']],
    [["I'm allergic to nuts and shellfish", "I'm not allergic to nuts any more"], ['allergy=shellfish']],
  ])('of %j knows %j', (texts, facts) => {
    expect(known(texts.reduce((told, text) => tell(told, text), story()))).toEqual(facts)
  })

  test('refuses the message of another customer', () => {
    tell(story(), 'Call me Li')
      .whenRaw({ type: 'customer.told', data: { customer: 'other', text: 'x', message: 'm' } })
      .thenRejected('bad_data')
  })

  test.each([
    ['no customer', { customer: '', text: 'x', message: 'm' }],
    ['a long customer', { customer: '李'.repeat(257), text: 'x', message: 'm' }],
    ['a long text', { customer: 'c', text: 'x'.repeat(PROFILE_LIMITS.textCharsMax + 1), message: 'm' }],
    ['no text', { customer: 'c', text: '', message: 'm' }],
  ])('refuses %s', (_, data) => {
    story().whenRaw({ type: 'customer.told', data }).thenRejected('bad_data')
  })

  test('stays within its bounds, whatever is said', () => {
    let told = story()
    const long = '\u9f98'.repeat(8)
    for (let at = 0; at < 150; at++) told = tell(told, `我喜欢${long}${String(at).padStart(4, '零')}`, `${'\u0001'.repeat(250)}${at}`)
    const bytes = Buffer.byteLength(JSON.stringify(told.context))
    expect(told.context.facts.at(-1)?.value).toContain('149')
    expect(Buffer.byteLength(JSON.stringify(told.context.facts))).toBeLessThanOrEqual(PROFILE_LIMITS.factsBytesMax + 2)
    expect(bytes).toBeLessThan(LIMITS.stateBytesMax)
  })

  test('waiting messages at their longest fit, too', () => {
    const { valueCharsMax, wordsCharsMax, customerCharsMax, waitingMax, textCharsMax, factsBytesMax } = PROFILE_LIMITS
    const waiting = {
      text: '\u0001'.repeat(textCharsMax),
      message: { actor: 'a'.repeat(257), id: '\u0001'.repeat(256) },
      at: new Date(0).toISOString(),
    }
    const rest = { customer: '\u0001'.repeat(customerCharsMax), waiting: Array.from({ length: waitingMax }, () => waiting) }
    expect(Buffer.byteLength(JSON.stringify(rest)) + factsBytesMax).toBeLessThan(LIMITS.stateBytesMax)
    expect(valueCharsMax + wordsCharsMax).toBeLessThan(factsBytesMax)
  })

  test('its personal fields are marked', () => {
    expect(isPersonal(factSchema.shape.value)).toBe(true)
    expect(isPersonal(customerTold.shape.customer)).toBe(true)
    expect(isPersonal(profileKind.events['customer.told'].shape.text)).toBe(true)
    expect(isPersonal(factSchema.shape.about)).toBe(false)
  })

  test('survives every walk', () => {
    const told = ['Call me Li', "Don't call me that", '我有两个孩子', 'x'].map((text) => ({ customer: 'c', text, message: 'm' }))
    const { unreached } = explore(profileKind, { id: ID, runs: 100, restingStates: ['listening'], events: { 'customer.told': told } })
    expect(unreached).toEqual([])
  })
})

describe('a message that a model reads', () => {
  const text = 'I have two kids and my wife is a nurse'
  const answer = (facts: object[]) => generates({ facts })

  test('gives only what its words contain', async () => {
    const facts = [
      { about: 'other', value: 'two kids', words: 'I have two kids' },
      { about: 'likes', value: 'opera', words: 'I like opera' },
      { about: 'mood', value: 'glad', words: 'I have' },
      { about: 'other', value: 'x'.repeat(500), words: 'I have' },
    ]
    expect(await readByModel({ input: { text }, ...answer(facts) })).toEqual({ found: [facts[0]] })
  })

  test('gives nothing without a model', async () => {
    expect(await readByModel({ input: { text }, ...generates() })).toEqual({ found: [] })
  })
})
