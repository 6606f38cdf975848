/**
 * Reads what words of thanks mean beside the words around them: a "no", a "but" or a "for nothing" turns thanks into something else,
 * wherever it stands.
 */
export type Gratitude = 'thanks' | 'declines' | 'complains'

const anyOf = (...patterns: readonly string[]): RegExp => new RegExp(patterns.join('|'), 'i')

const THANKS = String.raw`\b(?:thank(?:s|\s*you)?|thx|ty|ta|cheers)\b`
const NO = String.raw`\b(?:no|nope|nah)\b`
const HAS_THANKS = anyOf(THANKS, String.raw`\b(?:much\s+(?:appreciated|obliged)|appreciate\s+it|3q)\b`, '谢|感恩|辛苦了|麻烦(?:你|您)了|🙏')
/** Between two words of one phrase. */
const GAP = String.raw`[\s,.!…–-]*`

/** Thanks that mean the opposite. */
const SARCASTIC = anyOf(
  String.raw`${THANKS}[^.!?]{0,80}\bfor\s+(?:\w+ly\s+)?(?:nothing|nowt|zero|no\b|not\b|wasting|ignoring|the\s+(?:waste|runaround))`,
  String.raw`\bno\s+thanks\s+to\s+(?:you|u)\b`,
  '谢.{0,8}(?:什么(?:都|也)没|浪费|(?<!没)白(?:忙|跑|等|折腾|费)|了个寂寞|个(?:屁|鬼|头|锤))',
  '谢什么谢|呵呵.{0,4}谢|谢.{0,4}呵呵',
)

const NOT = String.raw`(?:n['’]?t\b|\b(?:not|no|never|nothing|none|wrong|still)\b)`
/** Thanks beside what did not help, or with a "but" before or after it. */
const UNHELPED = anyOf(
  String.raw`\bnot\s+(?:at\s+all\s+)?what\s+i\b|\bno\s+help\b`,
  '没(?:有|能)?(?:帮(?:上|到)|用|解决)|不是我(?:要|问|想|说)',
  String.raw`\b(?:but|however|though|although)\b[^.!?]{0,80}${NOT}(?!\s+(?:worries|problem|rush|matter))`,
  String.raw`${NOT}[^.!?]{0,80}\bbut\b[^.!?]{0,80}${THANKS}`,
  '(?:但(?!愿)|可是|不过|只是|然而|还是)[^。！!?？]{0,12}?'
    + '(?:没(?!关系|事|问题|什么)|不(?!过|好意思|错|急|要紧|客气|用|必|需)|未|无法|错了)',
  '(?:没(?!关系|事|问题|什么)|不对|不行|不懂|无法)[^。！!?？]{0,12}(?:但|可是|不过|还是)[^。！!?？]{0,4}谢',
)

/** The customer wants no more help. */
const DECLINES = anyOf(
  `${NO}${GAP}${THANKS}`,
  String.raw`${THANKS}${GAP}(?:but\s+)?${NO}(?!\s+(?:more|further|other|worries|problem))`,
  String.raw`\bnever\s*mind\b|\bnvm\b|\bforget\s+(?:it|that|about)\b|\bleave\s+it\b|\bwhatever\b|\btoo\s+late\b`,
  String.raw`\b(?:do\s+not|don['’]?t)\s+(?:bother|worry\s+about\s+it|need\s+(?:it|this|that|you|your|any))\b`,
  String.raw`\b(?:no\s+need|not\s+needed|not\s+necessary)\b|\b(?:give|gave|giving)\s+up\b|\bi(?:['’]?ll|\s+will)\s+pass\b`,
  String.raw`\b(?:go|try|ask|look|buy|shop|order|call)\b[^.!?]{0,80}\b(?:elsewhere|someone\s+else|somebody\s+else|somewhere\s+else)\b`,
  '(?<!打)算了(?!解)|不用(?!谢|客气)(?:了(?!解)|麻烦|管|你|您|，|,|。|！|!|\\s|谢|$)',
  '不必|不要了|不需要|用不着|免了|没必要|罢了|放弃|随便吧|不麻烦|不问了|不弄了|不买了|不找你',
)

/** The customer says that it is settled, perhaps without us: "never mind, found it". */
const SETTLED = anyOf(
  String.raw`(?<!(?:n['’]?t|\bnot|\bnever|\bno)\s+(?:\w+\s+)?)`
    + String.raw`\b(?:found|figured|solved|sorted|fixed|got\s+it|all\s+(?:good|set)|clear\s+now|work(?:s|ing)?\s+(?:now|again))\b`,
  String.raw`\bthat['’]?s\s+(?:all|it|everything)\b|\bthat\s+(?:is|was)\s+all\b`,
  '(?<!没|没有|未|还没|不)(?:解决|搞定|找到|弄好|修好|好了|明白|懂了|清楚|知道)',
)

/** Words of parting. */
const PARTING = anyOf(
  String.raw`\b(?:bye|goodbye|see (?:you|ya)|cya|later|good ?night|take care)\b`,
  String.raw`\b(?:nice|good|great|lovely) (?:day|one|evening|afternoon|weekend)\b`,
  '再见|拜拜|回头见|晚安|👋',
)

/** Whether a text has words of thanks, whatever they mean. */
export const hasThanks = (text: string): boolean => HAS_THANKS.test(text)

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
