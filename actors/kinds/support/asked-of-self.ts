import type { About } from '../../../schemas/profile-events.ts'
import { foldHan } from '../../core/fold-text.ts'
import { factLines } from '../profile/facts.ts'
import type { Language } from './found.ts'
import type { Known } from './known.ts'

const NAME_ZH = '(?:我叫什么(?:名字)?|我的?名字(?:是什么|叫什么)?|我是谁|(?:该|应该)?(?:怎么|如何)称呼我)'
/** Questions of a customer about himself, and what they ask for; `null`: all that is known. */
const QUESTIONS: readonly (readonly [RegExp, readonly About[] | null])[] = [
  [/^(?:what(?:'s| is) my name|who am i|what (?:do|should|will) you call me|do you (?:know|remember) (?:my name|who i am))$/i, ['name']],
  [
    new RegExp(
      '^(?:what (?:else )?(?:do|did) you (?:know|remember|have|keep|store|note)(?: down)? (?:about|on|of) me'
        + '|what have you (?:noted|stored|kept) (?:about|on) me|(?:can you )?tell me (?:all |everything |what )?you know about me'
        + '|do you (?:know|remember) (?:anything|something) about me)$',
      'i',
    ),
    null,
  ],
  [/^(?:where do i live|do you (?:know|remember) where i live|what(?:'s| is) my (?:home|home town|city))$/i, ['home']],
  [/^(?:what am i allergic to|what are my allergies|do you (?:know|remember) (?:my allergies|what i am allergic to))$/i, ['allergy']],
  [/^(?:what(?:'s| is) my (?:job|profession|work)|what do i do for a living|where do i work)$/i, ['work']],
  [/^(?:what(?:'s| is) my diet|what do i (?:not eat|eat)|what don't i eat)$/i, ['diet', 'refuses']],
  [/^(?:what do i like|what are my (?:preferences|likes))$/i, ['likes', 'refuses']],
  [new RegExp(`^(?:[你您](?:还|都)?(?:知道|记得|知不知道|记不记得))?${NAME_ZH}吗?$`, 'u'), ['name']],
  [
    /^[你您]们?(?:都|还|究竟|到底)*(?:知道|记得|了解|记了|保存了|记录了|掌握)(?:了)?(?:些|哪些|什么|多少)*(?:关于)?我的?(?:些|哪些|什么|多少|一切|事情?|信息|资料|情况)*吗?$/u,
    null,
  ],
  [/^(?:关于我)[，,]?[你您](?:都|还)*(?:知道|记得|了解|记了)(?:些|哪些)?(?:什么|多少)$/u, null],
  [/^[你您]们?对我(?:都|有)*(?:什么|多少|哪些)?了解(?:多少|什么)?吗?$/u, null],
  [/^(?:[你您](?:还)?(?:知道|记得))?我(?:现在)?(?:住在?|家在)(?:哪里?|哪儿|什么地方|哪个城市)吗?$/u, ['home']],
  [/^(?:[你您](?:还)?(?:知道|记得))?我对(?:什么|哪些东西|啥)过敏吗?$/u, ['allergy']],
  [/^(?:[你您](?:还)?(?:知道|记得))?我(?:是做什么(?:工作)?的|的(?:职业|工作)是什么)吗?$/u, ['work']],
  [/^(?:[你您](?:还)?(?:知道|记得))?我(?:不吃|不能吃|忌口)(?:什么|哪些东西)吗?$/u, ['diet', 'refuses']],
  [/^(?:[你您](?:还)?(?:知道|记得))?我(?:喜欢|爱好)(?:是|的是)?(?:什么|哪些)吗?$/u, ['likes']],
]

/** What a text asks of its author, by its words alone; `undefined`: something else. */
function askedOf(text: string): readonly About[] | null | undefined {
  const asked = foldHan(text)
    .normalize('NFKC')
    .replaceAll('’', "'")
    .replace(/^(?:(?:hi|hello|hey|please|so|and|ok|请问|你好|您好|那|请)[\s,，!！。]*)+/i, '')
    .replace(/(?:\s+(?:please|again|by the way))?[\s?!.。！呢啊]+$/iu, '')
    .trim()
  return QUESTIONS.find(([pattern]) => pattern.test(asked))?.[1]
}

/** The reply to a customer who asks what is known of him; `undefined` where the text asks something else, or no profile is kept. */
export function toldOfSelf(known: Known | null, text: string, lang: Language): string | undefined {
  const abouts = known?.profile == null ? undefined : askedOf(text)
  if (known === null || abouts === undefined) return undefined
  const facts = known.facts.filter(({ about }) => abouts === null || abouts.includes(about))
  const lines = factLines(facts, lang).map((line) => `• ${line}`)
  if (lines.length === 0)
    return lang === 'zh'
      ? '这一点您还没有告诉过我。您告诉我之后，我会记住。'
      : 'You have not told me that yet. If you tell me, I will keep it in mind.'
  return [lang === 'zh' ? '您告诉过我：' : 'You have told me:', ...lines].join('\n')
}
