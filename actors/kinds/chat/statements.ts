import { foldHan } from '../../core/fold-text.ts'
import { plainMoveOf } from '../support/moves.ts'

/** Ends of sentences. */
const BOUNDARY = /(?<=[.!?。！？；;\n])\s+|(?<=[。！？；\n])/u
const ASKS = new RegExp(
  String.raw`[?？]\s*$|^\W*(?:(?:and|or|so|but|please)\W+)*(?:how|what|when|where|which|who|whose|why|can|could|may`
    + String.raw`|do|does|did|is|are|will|would|should)\b`
    + String.raw`|^\W*(?:please\s+)?(?:tell|remind|show|explain|give|write|translate|help)\b`
    + '|[吗呢]\\s*[。.！!]*$|^(?:请|帮我|告诉我|提醒我|麻烦|翻译)',
  'iu',
)

/** The sentences of a message that state something: without questions, requests and courtesies. Empty where it states nothing. */
export const statementsIn = (text: string): string =>
  text
    .split(BOUNDARY)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '' && !ASKS.test(foldHan(sentence)) && plainMoveOf(sentence) === undefined)
    .join(' ')

/** Whether a message asks for something. */
export const asks = (text: string): boolean => text.split(BOUNDARY).some((sentence) => ASKS.test(foldHan(sentence.trim())))

const PERSON =
  String.raw`(?:(?:grand|step)?(?:mother|father|son|daughter|parent)|sister|brother|mum|mom|dad|wife|husband|partner|girlfriend`
  + String.raw`|boyfriend|friend|colleague|co-?worker|neighbou?r|boss|cousin|aunt|uncle|grandma|grandpa|roommate|flatmate|classmate|teacher`
  + String.raw`|manager|landlord|niece|nephew)(?:-in-law)?(?:s|es|['’]s)?`
const PERSON_HAN =
  '(?:姐姐?|妹妹?|哥哥?|弟弟?|妈妈?|母亲|爸爸?|父亲|父母|儿子|女儿|妻子|丈夫|老公|老婆|女朋友|男朋友|朋友|同事|同学|校友|邻居|老板|表[哥姐弟妹]'
  + '|堂[哥姐弟妹]|阿姨|叔叔|舅舅|姑姑|奶奶|爷爷|外婆|外公|外甥女?|姐夫|室友|老师|经理|房东|侄[子女]儿?)'
const PEOPLE = new RegExp(String.raw`\b${PERSON}\b|${PERSON_HAN}`, 'giu')

/** The people besides the speaker that a text names. */
export const peopleIn = (text: string): ReadonlySet<string> =>
  new Set(Array.from(foldHan(text).toLowerCase().matchAll(PEOPLE), ([person]) => person.replace(/['’]?s$/, '')))

const SELF = new RegExp(
  String.raw`\b(?:i|me|we|us)\b|\b(?:my|our)\s+(?!(?:\w+\s)?${PERSON}\b)|我们?(?!的?(?:一[个位])?(?:的)?${PERSON_HAN})|咱|自己`,
  'iu',
)

/** Whether a statement speaks of the speaker: "my sister lives in Rome" does not, and "we live in Rome" does. */
export const isOfSelf = (statement: string): boolean => SELF.test(foldHan(statement))

/** What the one who is asked has, is and does. To know, to remember and to tell are what he does for the person. */
const OF_ASSISTANT = new RegExp(
  String.raw`\b(?:your|yours)\b`
    + String.raw`|\b(?:do|did|are|were|have|will)\s+you\s+(?!(?:still\s+|ever\s+|also\s+)*(?:know|remember|recall|think|tell|say|mean`
    + String.raw`|find|have\s+any|sure|able|see|understand|keep|note|get)\b)`
    + `|[你您]们?(?:的|家|(?:的)?${PERSON_HAN}|住|多大|几岁|喜欢|爱|养|姓|叫什么|在哪|结婚|会不会|做什么工作)`,
  'iu',
)

/** Whether a question is about the assistant, and not about the person: what the person said of himself does not answer it. */
export const asksOfAssistant = (question: string): boolean => OF_ASSISTANT.test(foldHan(question)) && !isOfSelf(question)
