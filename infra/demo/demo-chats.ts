import type { Cue } from './play-script.ts'

const CONVERSATIONS: Readonly<Record<string, readonly string[]>> = {
  'chat-en': [
    'Hello!',
    'I live in Leeds with my dog Pepper.',
    'I am allergic to peanuts.',
    'We moved to Oslo last week.',
    'Where do I live now?',
    'What is the name of my dentist?',
    'Thanks!',
  ],
  'chat-zh': [
    '你好',
    '我住在青岛，养了一只狗叫旺财。',
    '我对花生过敏。',
    '我们上周搬到昆明了。',
    '我现在住在哪里？',
    '我的牙医叫什么名字？',
    '谢谢',
  ],
}
/** A reply without a model takes less. */
const PAUSE_MS = 1_500

/** Open dialogues of the tenant. Without a language model the kind repeats what was said, and says what it does not know. */
export const chatCues = (tenant: string): Cue[] =>
  Object.entries(CONVERSATIONS).flatMap(([id, texts]) =>
    texts.map((text, index) => ({
      atMs: index * PAUSE_MS,
      address: { tenant, kind: 'chat', id },
      input: { type: 'message.received', id: `demo-${index + 1}`, source: 'demo', data: { role: 'user', text } },
    })),
  )
