import type { Cue } from './play-script.ts'

/** Questions of visitors who want no conversation. Some ask the same at one time. */
const QUESTIONS = [
  'How much is standard delivery to Germany?',
  '寄到德国的标准配送运费是多少？',
  'how much is standard delivery to germany',
  'Can I send something back that was on sale?',
  '打折商品可以退货吗？',
  'How do I change my delivery address?',
] as const
const PAUSE_MS = 150

/** The questions of the tenant, each to an actor of its own. */
export const questionCues = (tenant: string): Cue[] =>
  QUESTIONS.map((text, index) => ({
    atMs: index * PAUSE_MS,
    address: { tenant, kind: 'question', id: `question-${index + 1}` },
    input: { type: 'question.asked', id: 'demo-asked', source: 'demo', data: { text } },
  }))
