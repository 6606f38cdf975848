/**
 * Reads what words of thanks mean beside the words around them. The lexicon weighs terms one by one; a "no", a "but" or a "for nothing"
 * turns thanks into something else, wherever it stands.
 */
export type Gratitude = 'thanks' | 'declines' | 'complains'

const THANKS = String.raw`\b(?:thank(?:s|\s*you)?|thx|ty|ta|cheers)\b`

/** Thanks that mean the opposite. */
const SARCASTIC = new RegExp(
  String.raw`${THANKS}[^.!?]*\bfor\s+(?:(?:absolutely|literally|basically)\s+)?(?:nothing|nowt|zero|no\b|not\b|wasting|ignoring|the\s+(?:waste|runaround))`
    + String.raw`|\bno\s+thanks\s+to\s+(?:you|u)\b|\bbig\s+thanks\s+for\s+nothing\b`
    + '|谢.{0,8}(?:什么(?:都|也)没|浪费|(?<!没)白(?:忙|跑|等|折腾|费)|了个寂寞|个(?:屁|鬼|头|锤))|谢什么谢|呵呵.{0,4}谢|谢.{0,4}呵呵',
  'i',
)

const NOT_EN = String.raw`(?:n['’]?t\b|\b(?:not|no|never|nothing|none|wrong|still)\b)`
/** Thanks with a "but" before or after what did not help. */
const UNHELPED = new RegExp(
  String.raw`\b(?:but|however|though|although)\b[^.!?]*${NOT_EN}(?!\s+(?:worries|problem|rush|matter))|${NOT_EN}[^.!?]*\bbut\b[^.!?]*${THANKS}`
    + '|(?:但(?!愿)|可是|不过|只是|然而|还是)[^。！!?？]{0,12}?(?:没(?!关系|事|问题|什么)|不(?!过|好意思|错|急|要紧|客气|用|必|需)|未|无法|错了)'
    + '|(?:没(?!关系|事|问题|什么)|不对|不行|不懂|无法)[^。！!?？]{0,12}(?:但|可是|不过|还是)[^。！!?？]{0,4}谢',
  'i',
)

/** The customer wants no more help. */
const DECLINES = new RegExp(
  String.raw`\b(?:no|nope|nah)\b[\s,.!…–-]*${THANKS}|${THANKS}[\s,.!…–-]*(?:but\s+)?(?:no|nope|nah)\b(?!\s+(?:more|further|other|worries|problem))`
    + String.raw`|\bnever\s*mind\b|\bnvm\b|\bforget\s+(?:it|that|about)\b|\b(?:do\s+not|don['’]?t)\s+(?:bother|worry\s+about\s+it)\b`
    + String.raw`|\b(?:no\s+need|not\s+needed|not\s+necessary)\b|\b(?:don['’]?t|do\s+not)\s+need\s+(?:it|this|that|you|your|any)\b`
    + String.raw`|\b(?:i['’]?ll|i\s+will)\s+(?:pass|leave\s+it|give\s+up|(?:go|try|ask|look|buy|shop|order|call)\b[^.!?]*\b(?:elsewhere|someone|somebody|somewhere))`
    + String.raw`|\b(?:give|gave|giving)\s+up\b|\bleave\s+it\b|\blet['’]?s\s+leave\b|\bwhatever\b|\btoo\s+late\b`
    + '|(?<!打)算了(?!解)|不用(?!谢|客气)(?:了(?!解)|麻烦|管|你|您|，|,|。|！|!|\\s|谢|$)|不必|不要了|不需要|用不着|免了|没必要|罢了|放弃|随便吧|不麻烦|不问了|不弄了|不买了|不找你',
  'i',
)

/** The customer says that it is settled, perhaps without us: "never mind, found it". */
const SETTLED = new RegExp(
  String.raw`(?<!(?:n['’]?t|\bnot|\bnever|\bno)\s+(?:\w+\s+)?)\b(?:found|figured|solved|sorted|fixed|got\s+it|all\s+good|all\s+set|clear\s+now|works?\s+now|working\s+now|works\s+again)\b`
    + String.raw`|\bthat['’]?s\s+(?:all|it|everything)\b|\bthat\s+(?:is|was)\s+all\b|(?<!没|没有|未|还没|不)(?:解决|搞定|找到|弄好|修好|好了|明白|懂了|清楚|知道)`,
  'i',
)

/** Words of parting. */
const PARTING =
  /\b(bye|goodbye|see (you|ya)|cya|later|good ?night|take care|(nice|good|great|lovely) (day|one|evening|afternoon|weekend))\b|再见|拜拜|回头见|晚安|👋/i

export const isParting = (text: string): boolean => PARTING.test(text)

/** Whether a customer wants no more help: "no thanks, forget it", 不用了，谢谢. */
export const isDecline = (text: string): boolean => DECLINES.test(text) && !SETTLED.test(text)

/** What the words of thanks in a text mean. */
export function gratitudeOf(text: string): Gratitude {
  if (SARCASTIC.test(text)) return 'complains'
  if (SETTLED.test(text)) return 'thanks'
  if (DECLINES.test(text)) return 'declines'
  return UNHELPED.test(text) ? 'complains' : 'thanks'
}
