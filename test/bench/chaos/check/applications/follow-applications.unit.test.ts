import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { followApplications } from '../../../../../bench/chaos/check/applications/follow-applications.ts'
import type { LoggedRecord } from '../../../../../bench/chaos/check/chaos-history.ts'
import type { FindingKind } from '../../../../../bench/chaos/check/findings.ts'
import type { LogRecord } from '../../../../../schemas/record.ts'
import { fullRecord } from '../../../../support/full-record.ts'

const base = await fullRecord()
const START = Date.parse('2026-01-01T00:00:00Z')
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()

/** What matters of a record: its actor, its input, what it emits and sends, and its state. */
interface Told {
  readonly actor: string
  readonly type: string
  readonly data?: LogRecord['input']['data']
  readonly id?: string
  readonly source?: string
  readonly emits?: readonly (readonly [type: string, data: Record<string, unknown>])[]
  readonly sends?: readonly string[]
  readonly context?: Record<string, unknown>
  readonly label?: LogRecord['label']
  readonly from?: string
}

const entryOf = (
  { actor, type, data = {}, id, source = 'chaos', emits = [], sends = [], context = {}, label = {}, from = 'open' }: Told,
  index: number,
): LoggedRecord => ({
  seq: index + 1,
  partition: 0,
  actor: `chaos/${actor}`,
  record: {
    ...base,
    outcome: 'committed',
    at: at(index + 1),
    input: { ...base.input, type, id: id ?? `i${index}`, source, time: at(index + 1), data },
    from,
    to: from,
    label,
    state: base.state && { ...base.state, context },
    emitted: emits.map(([of, content], place) => ({ id: `e${index}-${place}`, type: of, data: content })),
    sent: sends.map((one) => ({ id: one, kind: 'trade', actor: 'trade0', type: 'order.placed', data: {} })),
  },
})

function findingsIn(told: readonly Told[], readAtSeconds = 3_600): FindingKind[] {
  const found = new Set<FindingKind>()
  const followed = followApplications((kind) => void found.add(kind))
  for (const [index, one] of told.entries()) followed.take(entryOf(one, index))
  followed.finish(START + readAtSeconds * 1_000)
  return [...found]
}

const question: Told = { actor: 'support/s', type: 'message.received', id: 'q', data: { role: 'user', text: '多久能到？' } }
const reply: Told = { actor: 'support/s', type: 'task.done', emits: [['message.sent', { replyTo: 'q', text: 'Two days' }]] }

const counted = (likes: number) => ({ likes, comments: 0, shares: 0 })
const post = (told: Pick<Told, 'type'> & Partial<Told>, likes: number): Told => ({ actor: 'post/p', label: counted(likes), ...told })
const published = post({ type: 'post.published', data: { author: 'ann', text: 'x' } }, 0)
const analysed = post({ type: 'task.done', emits: [['post.analysed', { author: 'ann', topic: 'tea' }]] }, 0)
const liked = post({ type: 'post.liked', data: { by: 'bob' } }, 1)
const author = (likes: number): Told => ({ actor: 'author/ann', type: 'author.credited', label: { ...counted(likes), posts: 1 } })
const topic = (posts: number): Told => ({ actor: 'topic/tea', type: 'topic.joined', label: { posts } })

const template: Told = { actor: 'template/t', type: 'template.set', data: { text: 'A {{ n }}' } }
const document: Told = { actor: 'document/d', type: 'document.set', data: { template: 't', data: { n: 1 } } }
const changed: Told = { actor: 'document/d', type: 'document.changed', data: { data: { n: 2 } } }
const version = (number: number, markdown: string): Told => {
  const files = { markdown: { object: '0'.repeat(32), sha256: hash('sha256', markdown), bytes: 3 } }
  const rendered = { version: number, template: 't', templateVersion: 1, title: 'T', files, lines: { added: 1, removed: 0 } }
  return { actor: 'document/d', type: 'task.done', emits: [['document.rendered', rendered]] }
}

const arm = { id: 'a', prompt: 'write', version: 0 }
const strategy = (counts: readonly [chosen: number, rewarded: number, reward: number], told: Partial<Told>): Told => {
  const [chosen, rewarded, reward] = counts
  return { actor: 'strategy/s', type: 'x', context: { arms: [{ ...arm, chosen, rewarded, reward }] }, ...told }
}
const set = strategy([0, 0, 0], { emits: [['strategy.changed', { reason: 'set', arms: [arm], forgotten: [] }]] })
const chosen = strategy([1, 0, 0], { emits: [['choice.made', { choice: 'c', arm, samples: {} }]] })
const rewarded = strategy([1, 1, 0.5], { emits: [['choice.rewarded', { choice: 'c', arm: 'a', reward: 0.5, by: 'feedback' }]] })
const writer = (told: Partial<Told>): Told => ({
  actor: 'writer/w',
  type: 'x',
  from: 'written',
  context: { choice: 'c', reward: 0.5, writing: { purpose: 's' } },
  ...told,
})
const brief = writer({ type: 'brief.given' })
const text = writer({ emits: [['text.written', {}]] })

const watched: Told = { actor: 'series/s', type: 'series.watched', source: 'colloquy/chaos/trigger/t', data: {} }
const readings = (...values: number[]): Told => ({
  actor: 'series/s',
  type: 'readings.taken',
  data: { readings: values.map((value) => ({ value })) },
})
const alertFacts = { series: 's', priority: 'normal' }
const raised = (number: number): Told => ({
  actor: 'trigger/t',
  type: 'condition.changed',
  emits: [['alert.raised', { ...alertFacts, alert: `t-${number}`, title: 'T', when: 'w', value: 90, since: at(0) }]],
})
const cleared: Told = {
  actor: 'trigger/t',
  type: 'condition.changed',
  emits: [['alert.cleared', { ...alertFacts, alert: 't-1', reason: 'condition', value: 1, ms: 1 }]],
}
const notified = (about: string, end = 'sent'): Told => ({
  actor: 'trigger/t',
  type: 'task.done',
  emits: [[`notification.${end}`, { alert: 't-1', channel: 'chat', to: 'x', about }]],
})

const offered: Told = { actor: 'item/tea', type: 'item.offered', emits: [['item.listed', { item: 'tea' }]] }
const withdrawn: Told = { actor: 'item/tea', type: 'item.withdrawn', emits: [['item.unlisted', { item: 'tea' }]] }
const asked: Told = { actor: 'interest/v', type: 'recommendations.asked', id: 'r' }
const list = (indexSeq: number, ...items: string[]): Told => ({
  actor: 'interest/v',
  type: 'task.done',
  emits: [['recommendations.given', { replyTo: 'r', list: 'r', indexSeq, items: items.map((item) => ({ item })) }]],
})
const bought: Told = { actor: 'interest/v', type: 'item.bought', data: { item: 'tea' } }

const schedule: Told = { actor: 'schedule/s', type: 'schedule.set', data: { every: '30 0 0 1 1 *' } }
const fired: Told = { actor: 'schedule/s', type: 'timer.fired', sends: [at(30)] }
const booked: Told = { actor: 'reminder/r', type: 'appointment.booked', data: { at: at(86_400 + 30) }, from: '' }
const reminded: Told = { actor: 'reminder/r', type: 'timer.fired', emits: [['message.sent', { text: 'x' }]] }

test.each<readonly [what: string, told: readonly Told[]]>([
  ['a question and its reply', [question, reply]],
  ['a question that a person takes over', [question, { ...reply, emits: [['escalated', {}]] }]],
  ['likes that sum up', [published, analysed, liked, author(1), topic(1)]],
  ['a document of the last data', [template, document, version(1, 'A 1'), changed, version(2, 'A 2')]],
  ['a reward', [set, brief, chosen, text, rewarded]],
  ['a crossing that ends', [watched, readings(90), raised(1), notified('raised'), readings(60, 40), cleared, notified('cleared')]],
  ['a crossing that ends before anybody is told', [watched, readings(90, 40), raised(1), cleared, notified('raised', 'dropped')]],
  ['readings below the threshold', [watched, readings(80, 20)]],
  ['a list of what is offered', [offered, asked, list(1, 'tea'), withdrawn]],
  ['what is due', [schedule, fired, booked, reminded]],
])('finds nothing in %s', (_, told) => expect(findingsIn(told)).toEqual([]))

test.each<readonly [finding: FindingKind, bug: string, told: readonly Told[]]>([
  ['reply', 'a question without a reply', [question]],
  ['reply', 'a question with two replies', [question, reply, reply]],
  ['sum', 'a like that the author did not hear of', [published, analysed, liked, author(0), topic(1)]],
  ['sum', 'a like that was counted twice', [published, analysed, { ...liked, label: counted(2) }, author(2), topic(1)]],
  ['sum', 'a post that its topic has twice', [published, analysed, author(0), topic(2)]],
  ['sum', 'a post that was never analysed', [published]],
  ['document', 'data without a version', [template, document, version(1, 'A 1'), changed]],
  ['document', 'a template without a version', [template, document, version(1, 'A 1'), { ...template, data: { text: 'B {{ n }}' } }]],
  ['document', 'a version that is left out', [template, document, version(2, 'A 1')]],
  ['reward', 'a reward that counts twice', [set, brief, chosen, text, rewarded, strategy([1, 2, 1], { emits: rewarded.emits ?? [] })]],
  ['reward', 'a reward that is lost', [set, brief, chosen, text]],
  ['reward', 'a count without a reward', [set, chosen, strategy([1, 1, 1], {})]],
  ['reward', 'a brief without an end', [set, brief, chosen, rewarded]],
  ['alert', 'a crossing without an alert', [watched, readings(90)]],
  ['alert', 'an alert without a crossing', [watched, readings(80), raised(1), notified('raised')]],
  ['alert', 'two alerts of one crossing', [watched, readings(90), raised(1), notified('raised'), raised(2)]],
  ['alert', 'an alert that does not end', [watched, readings(90), raised(1), notified('raised'), readings(40)]],
  ['alert', 'an end that is not told', [watched, readings(90, 40), raised(1), cleared, notified('raised')]],
  ['alert', 'an alert that is told twice', [watched, readings(90), raised(1), notified('raised'), notified('raised')]],
  ['list', 'a withdrawn item on a list', [offered, withdrawn, asked, list(2, 'tea')]],
  ['list', 'an item that was bought on a list', [offered, asked, bought, list(1, 'tea')]],
  ['list', 'a question without a list', [asked]],
  ['list', 'two lists of a question', [asked, list(1), list(1)]],
  ['due', 'an input that is not sent', [schedule]],
  ['due', 'an input that is sent twice', [schedule, fired, fired]],
  ['due', 'a reminder that is missing', [booked]],
  ['due', 'a reminder that comes twice', [booked, reminded, reminded]],
])('finds %s: %s', (finding, _, told) => expect(findingsIn(told)).toEqual([finding]))
