import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOf } from '../../pipeline/jetstream/last-record.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { Format } from '../../schemas/document-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { type Cue, playScript } from './play-script.ts'

const text = { type: 'string' } as const
const number = { type: 'number' } as const
const object = (properties: Readonly<Record<string, object>>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})
const list = (items: object) => ({ type: 'array', items, minItems: 1 })

const party = object({ name: text, address: text })
const CONTRACT = object(
  {
    number: text,
    seller: party,
    buyer: party,
    items: list(object({ name: text, quantity: number, price: number })),
    currency: text,
    delivery: text,
    penalty: number,
    payment_days: number,
    clauses: list(text),
  },
  ['number', 'seller', 'buyer', 'items', 'currency', 'delivery'],
)
const REPORT = object(
  {
    week: number,
    summary: text,
    figures: list(object({ name: text, now: number, before: number })),
    incidents: list(object({ day: text, title: text, text })),
  },
  ['week', 'summary', 'figures'],
)

type Json = string | number | readonly Json[] | { readonly [name: string]: Json }

/** A template of the demo with the data of one document. */
export interface DocumentSample {
  readonly template: string
  readonly lang: 'en' | 'zh'
  readonly title: string
  readonly schema: ReturnType<typeof object>
  readonly data: Readonly<Record<string, Json>>
  /** What changes after the document was made. */
  readonly change: Readonly<Record<string, Json>>
}

/** Contracts and reports in both languages. */
export const DOCUMENT_SAMPLES: readonly DocumentSample[] = [
  {
    template: 'sales-contract-en',
    lang: 'en',
    title: 'Sales contract',
    schema: CONTRACT,
    data: {
      number: 'S-1042',
      seller: { name: 'Harbour Tools Ltd', address: '4 Dock Road\nBristol' },
      buyer: { name: 'Miller & Sons', address: '12 High Street\nLeeds' },
      items: [
        { name: 'Bench vice', quantity: 3, price: 89 },
        { name: 'Pillar drill', quantity: 1, price: 640 },
      ],
      currency: 'GBP',
      delivery: '2027-01-15',
      penalty: 0.5,
      clauses: ['The goods are insured until they arrive.', 'The law of England and Wales applies.'],
    },
    change: { delivery: '2027-01-22' },
  },
  {
    template: 'sales-contract-zh',
    lang: 'zh',
    title: '购销合同',
    schema: CONTRACT,
    data: {
      number: '2027-018',
      seller: { name: '海港工具有限公司', address: '上海市浦东新区码头路 4 号' },
      buyer: { name: '米乐机械厂', address: '江苏省苏州市工业园区星湖街 12 号' },
      items: [
        { name: '台虎钳', quantity: 3, price: 680 },
        { name: '立式钻床', quantity: 1, price: 5200 },
      ],
      currency: '元',
      delivery: '2027-01-15',
      penalty: 0.5,
      clauses: ['货物交付前由卖方投保。', '因本合同发生的争议，由买方所在地人民法院管辖。'],
    },
    change: { payment_days: 45 },
  },
  {
    template: 'weekly-report-en',
    lang: 'en',
    title: 'Service report',
    schema: REPORT,
    data: {
      week: 48,
      summary: 'A quiet week. Most questions were about delivery before the holidays.',
      figures: [
        { name: 'Conversations', now: 812, before: 774 },
        { name: 'Handed over to people', now: 61, before: 73 },
        { name: 'Answers with a source', now: 640, before: 640 },
      ],
      incidents: [{ day: '2026-11-25', title: 'Late replies', text: 'The mail server was away for 12 minutes. No message was lost.' }],
    },
    change: { summary: 'A quiet week. Most questions were about delivery before the holidays. The returns desk was closed on Friday.' },
  },
  {
    template: 'weekly-report-zh',
    lang: 'zh',
    title: '客服周报',
    schema: REPORT,
    data: {
      week: 48,
      summary: '本周平稳，多数咨询与节前配送有关。',
      figures: [
        { name: '会话', now: 812, before: 774 },
        { name: '转人工', now: 61, before: 73 },
        { name: '有出处的回答', now: 640, before: 640 },
      ],
      incidents: [{ day: '2026-11-25', title: '回复延迟', text: '邮件服务器中断 12 分钟，未丢失任何消息。' }],
    },
    change: { summary: '本周平稳，多数咨询与节前配送有关。周五退货柜台休息。' },
  },
]

/** The text of a sample's template. */
export function sampleText({ template, lang }: Pick<DocumentSample, 'template' | 'lang'>): string {
  const name = template.replace(/-(en|zh)$/, '')
  return readFileSync(new URL(`documents/${name}.${lang}.liquid`, import.meta.url), 'utf8')
}

/** When the documents are set, after their templates, and approved, and changed. */
const SET_MS = 1_000
const APPROVED_MS = 30_000
const CHANGED_MS = 45_000
/** PDFs in Chinese need a font that may not be installed. */
const FORMATS = { en: ['markdown', 'html', 'docx', 'pdf'], zh: ['markdown', 'html', 'docx'] } as const

export interface DocumentCuesOptions {
  /** What tells documents of one template apart. */
  readonly name?: string
  readonly formats?: Readonly<Record<'en' | 'zh', readonly Format[]>>
}

/** The templates and documents: each is made, approved, and made again when its data change. */
export const documentCues = (tenant: string, { name = '1', formats = FORMATS }: DocumentCuesOptions = {}): Cue[] =>
  DOCUMENT_SAMPLES.flatMap((sample): Cue[] => {
    const { template, lang, title, schema, data, change } = sample
    const document = { tenant, kind: 'document', id: `${template}-${name}` }
    const cue = (atMs: number, address: Cue['address'], id: string, type: string, sent: object): Cue => ({
      atMs,
      address,
      input: { type, id, source: 'demo', data: { ...sent } },
    })
    const by = lang === 'zh' ? '经理' : 'the manager'
    return [
      cue(0, { tenant, kind: 'template', id: template }, 'demo-set', 'template.set', { text: sampleText(sample), schema, lang, title }),
      cue(SET_MS, document, 'demo-set', 'document.set', { template, data, formats: formats[lang] }),
      cue(APPROVED_MS, document, 'demo-approved', 'approval.given', { version: 1, by }),
      cue(CHANGED_MS, document, 'demo-changed', 'document.changed', { data: change }),
    ]
  })

/** Plays the documents. Each is approved once its first version is there, however long that takes. */
export const playDocuments = (
  jetstream: Pick<JetStreamContext, 'jsm'>,
  sender: Pick<Sender, 'send'>,
  tenant: string,
  signal: AbortSignal,
): Promise<void> =>
  playScript(documentCues(tenant), sender, signal, async ({ address, input }) => {
    if (input.type === 'approval.given') await pollUntil(() => firstVersion(jetstream, address), { signal })
  })

const madeSchema = z.object({ versions: z.array(z.unknown()).min(1) })

async function firstVersion(jetstream: Pick<JetStreamContext, 'jsm'>, document: Address): Promise<true | undefined> {
  const last = await lastRecord(jetstream, recordsOf(document))
  return madeSchema.safeParse(last?.record.state?.context).success ? true : undefined
}
