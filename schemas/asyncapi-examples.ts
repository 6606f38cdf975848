import type { z } from 'zod'
import type { JUDGEMENTS, KNOWN_EMITS, KNOWN_INPUTS } from './events.ts'

/** An example of a message. */
export interface Example<Data = unknown> {
  readonly name: string
  readonly summary: string
  readonly data: Data
}

type Examples<Schemas extends Record<string, z.ZodType>> = { readonly [Type in keyof Schemas]: readonly Example<z.input<Schemas[Type]>>[] }

/** Examples of the known inputs for the AsyncAPI document. */
export const INPUT_EXAMPLES: Examples<typeof KNOWN_INPUTS & typeof JUDGEMENTS> = {
  'intent.corrected': [{ name: 'corrected', summary: 'A person says what a message wanted', data: { message: 'm-1', intent: 'returns' } }],
  'answer.reviewed': [
    {
      name: 'bad',
      summary: 'A colleague judges an answer',
      data: { answer: 'm-1:1', thumbs: 'down', correction: '收到商品 14 天内可以退货。' },
    },
  ],
  'message.received': [
    {
      name: 'english',
      summary: 'A customer writes in English',
      data: { role: 'user', text: 'Where is my order 10482? It should have come on Monday.', lang: 'en' },
    },
    {
      name: 'chinese',
      summary: 'A customer writes in Chinese',
      data: { role: 'user', text: '你好，我的订单 10482 什么时候能到？', lang: 'zh' },
    },
    { name: 'agent', summary: 'An agent takes over', data: { role: 'agent', text: 'Hello, this is Ana. Let me look into that for you.' } },
  ],
  'conversation.imported': [{ name: 'imported', summary: 'All turns of a past conversation have been sent', data: { turns: 12 } }],
}

/** Examples of the known emitted events for the AsyncAPI document. */
export const EMIT_EXAMPLES: Examples<typeof KNOWN_EMITS> = {
  'message.sent': [
    {
      name: 'english',
      summary: 'An answer in English with its source',
      data: {
        text: 'You can follow your parcel on the page "My orders".',
        replyTo: 'm-1',
        lang: 'en',
        sources: [{ source: 'track-order', score: 0.82 }],
      },
    },
    {
      name: 'chinese',
      summary: 'An answer in Chinese, written by a model',
      data: {
        text: '您可以在“我的订单”页面查看物流信息。',
        replyTo: 'm-2',
        lang: 'zh',
        model: 'qwen3',
        tokensIn: 412,
        tokensOut: 35,
        cost: 0.0004,
        sources: [{ source: 'zh-track-order' }],
      },
    },
  ],
  escalated: [
    { name: 'english', summary: 'The customer asks for a person', data: { reason: 'asked for a person' } },
    { name: 'chinese', summary: 'The same in Chinese: each kind words its own reasons', data: { reason: '客户要求人工服务' } },
  ],
  'case.closed': [{ name: 'resolved', summary: 'The case is closed', data: { outcome: 'resolved' } }],
}
