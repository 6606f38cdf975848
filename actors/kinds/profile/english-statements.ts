import type { About } from '../../../schemas/profile-events.ts'
import { type ClauseReader, denied, each, eatsAgain, firstOf, type Rule, type Said, said, withdrawn } from './statement.ts'

const startsWith = (...words: readonly string[]): RegExp => new RegExp(String.raw`^(?:${words.join('|')})\b`, 'i')

/** Words before a statement that say nothing. */
const LEAD_WORDS = 'please|oh|and|but|also|so|well|hi|hello|hey|actually|just|no|yes|ok(?:ay)?|sorry|thanks|by the way|btw|fyi'
const LEAD = String.raw`^(?:(?:${LEAD_WORDS})\b[\s,:!-]{0,4}){0,5}`
const REQUEST_WORDS = "please|just|(?:can|could|would|will) you|you (?:can|may|could)|(?:can|could) we|let's|i want you to|i'd like you to"
const REQUEST = String.raw`(?:(?:${REQUEST_WORDS})\s+){0,4}`
/** Up to five words of letters, which may be of any script. */
const NAME = String.raw`([\p{L}\p{M}][\p{L}\p{M}'’.\-]*(?: [\p{L}\p{M}][\p{L}\p{M}'’.\-]*){0,4}?)`
const NAME_END =
  String.raw`(?:,? by the way)?(?:,?\s+(?:from now on|instead|please|if you (?:like|want|prefer)|these days|now|and)\b.*)?`
  + String.raw`[\s.!]*$`
/** Words after which a name, or what is liked, does not start. */
const NO_NAME = startsWith(
  'back|later|tomorrow|today|tonight|now|when|if|at|on|in|a|an|the|as|by|for|to|me|it|that|this|what|whatever|maybe|asap|again',
  'before|after|any|crazy|stupid|wrong|not|never|spelled|misspelled',
)
const NO_THING = startsWith(
  'it|its|that|this|these|those|them|him|her|you|your|yours|how|when|what|where|why|if|the|my|our|to|so|as|being|having|waiting',
  'no|not|one|for|about|with|anything|hard work',
)
const NO_PLACE = /^(?:a|an|my|your|this|that|it|hope|fear|here|there|the (?:house|flat|apartment|city|countryside|past))\b/i

const LANGUAGES: Readonly<Record<string, string>> = {
  english: 'en',
  chinese: 'zh',
  mandarin: 'zh',
  german: 'de',
  french: 'fr',
  spanish: 'es',
  italian: 'it',
  portuguese: 'pt',
  japanese: 'ja',
  korean: 'ko',
  russian: 'ru',
  norwegian: 'no',
  arabic: 'ar',
}
const LANGUAGE = `(${Object.keys(LANGUAGES).join('|')})`
const DIET =
  '(vegetarian|vegan|pescatarian|gluten[- ]free|lactose[- ]intolerant|celiac|coeliac|diabetic|halal|kosher|teetotal(?:er)?|teetotaller)'
const WORK = [
  '(nurse|teacher|doctor|engineer|programmer|developer|student|lawyer|driver|accountant|cook|chef|designer|journalist|professor|pilot',
  'farmer|carpenter|electrician|plumber|scientist|researcher|translator|writer|artist|musician|photographer|architect|dentist|pharmacist',
  'police officer|firefighter|soldier|waiter|waitress|salesperson|consultant|manager|pensioner|retired)',
].join('|')
const VERY = '(?:really |absolutely |also |do |just |always |usually |simply |so much |quite |particularly |especially ){0,4}'
const AM = String.raw`(?:i(?:'m| am|'ve been| have been|'ve always been|'ve become| have become| turned| became| went)|we(?:'re| are))`
/** What denies a state, and what denies that one has something. */
const AM_NOT =
  String.raw`(?:i(?:'m| am| was| have been|'ve been)(?: actually)? (?:not|no longer|never)|i(?:'ve| have) never been|i ain't`
  + String.raw`|i never was)(?: actually)?`
const HAVE_NO = String.raw`i (?:(?:actually )?(?:don't|do not|no longer) have(?: an?| any)?|have no|never had(?: an?| any)?)`
const ABOUTS: readonly (readonly [RegExp, About])[] = [
  [/\bname\b/, 'name'],
  [/\blanguage\b/, 'language'],
  [/\ballerg/, 'allergy'],
  [/\b(?:diet|food preferences?)\b/, 'diet'],
  [/\b(?:address|home|city|where i live)\b/, 'home'],
  [/\b(?:job|work|profession)\b/, 'work'],
]

const pattern = (source: string): RegExp => new RegExp(LEAD + source, 'iu')

/** A name as it is written, without what follows it. */
function nameIn(text: string | undefined): string | undefined {
  const name = (text ?? '').replace(/,? not .*$/i, '').replace(/[\s.]+$/, '')
  return name === '' || NO_NAME.test(name) ? undefined : name
}

const GOES_ON = new RegExp(
  String.raw`\s+(?:because|since|but|so|when|if|while|although|and i|and also|very much|a lot|too|as well|any ?more|please|most`
    + String.raw`|more than|these days|at all|by the way|again)\b`,
  'i',
)

/** What is liked: a few words, up to one that goes on with something else. */
function thingIn(text: string | undefined): string | undefined {
  const [thing = ''] = (text ?? '').split(GOES_ON)
  const words = thing.replace(/[\s.,!]+$/, '').split(/\s+/)
  return thing === '' || words.length > 6 || NO_THING.test(thing) ? undefined : words.join(' ')
}

/** The things of a list; "and" parts what is eaten, and not the name of a band. */
const thingsIn = (text: string | undefined, by: RegExp = /,\s*(?:and |or |nor )?|\s+(?:and|or|nor)\s+/i): (string | undefined)[] =>
  (text ?? '').split(by).map(thingIn)
const WITHOUT_AND = /,\s*(?:or |nor )?|\s+(?:or|nor)\s+/i
const allergies = ([things]: readonly string[]): readonly Said[] | undefined =>
  each(thingsIn(things), (value) => ({ is: 'said', about: 'allergy', value }))
const noAllergies = ([things]: readonly string[]): readonly Said[] | undefined =>
  each(thingsIn(things), (value) => withdrawn('allergy', value))

const PLACE_END = new RegExp(
  String.raw`\s+(?:now|and|but|since|with|for|because|these days|at the moment|last|this|\d`
    + String.raw`|any ?more|any longer|by the way|in (?:\d|jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)\w*)\b`,
  'i',
)

function placeIn(text: string | undefined): string | undefined {
  const [place = ''] = (text ?? '').split(PLACE_END)
  const words = place.replace(/,\s+\p{Ll}.*$|[\s.,!]+$/u, '').split(/\s+/)
  return words.length > 4 || NO_PLACE.test(place) ? undefined : words.join(' ')
}

const language = ([name = '']: readonly string[]): Said | undefined => said('language', LANGUAGES[name.toLowerCase()])

const RULES: readonly Rule[] = [
  // Corrections first: most of them contain a statement.
  [
    pattern(String.raw`(?:please )?(?:forget|delete|erase|remove)(?: that)? (?:all|everything|anything)\b.*\b(?:me|said|told)\b`),
    () => withdrawn(null),
  ],
  [
    pattern(String.raw`(?:please )?(?:forget|delete|erase|remove|don't remember) my (.+)$`),
    ([what = '']) => ABOUTS.flatMap(([words, about]) => (words.test(what.toLowerCase()) ? [withdrawn(about)] : [])),
  ],
  [pattern(String.raw`(?:please )?forget (?:that |what i said about )?(.+)$`), ([rest = '']) => taken(rest)],
  [pattern(String.raw`i (?:didn't|did not|never) (?:say|said|tell you|told you) (?:that )?(.+)$`), ([rest = '']) => taken(rest)],
  [
    pattern(String.raw`(?:don't|do not|stop|never)(?: ever)? call(?:ing)? me (?:(that|so|by that name|like that)\b|${NAME}${NAME_END})`),
    ([that = '', name]) => withdrawn('name', that === '' ? (nameIn(name) ?? null) : null),
  ],
  [pattern(String.raw`(?:that's|that is|this is) not my name`), () => withdrawn('name')],
  [pattern(String.raw`${AM_NOT}(?: an?| being)? ${DIET}s?\b`), ([diet = '']) => withdrawn('diet', diet.toLowerCase())],
  [pattern(String.raw`not(?: an?)? ${DIET}s?\b`), ([diet = '']) => withdrawn('diet', diet.toLowerCase())],
  [pattern(String.raw`${AM_NOT} allergic to anything\b|${HAVE_NO} allerg(?:y|ies)\b`), () => withdrawn('allergy')],
  [pattern(String.raw`${AM_NOT} ${VERY}allergic to (.+)$`), noAllergies],
  [pattern(String.raw`${HAVE_NO} (?:\w+ )?allergy to (.+)$`), noAllergies],
  [pattern(String.raw`${HAVE_NO} (.+?) allergy\b`), noAllergies],
  [pattern(String.raw`my (.+?) allergy (?:is|has|was|went)(?: \w+)? (?:gone|over|cured|away|vanished|disappeared)\b`), noAllergies],
  [pattern(String.raw`i(?:'ve| have)? (?:outgr[eo]wn?|got(?:ten)? over|lost|overc[ao]me) my (.+?) allergy\b`), noAllergies],
  [
    pattern(String.raw`(?:i|we)(?: do not| don't) (?:actually |even |really )?live in (.+)$`),
    ([place]) => each([placeIn(place)], (value) => withdrawn('home', value)),
  ],
  [
    pattern(String.raw`(?:i|we)(?:'ve| have)? (?:just |recently )?moved (?:away from|out of) (.+)$`),
    ([place]) => each([placeIn(place)], (value) => withdrawn('home', value)),
  ],
  [
    pattern(String.raw`(?:i(?:'m| am) not|i ain't|i never was) ${VERY}(?:an? )?${WORK}(?:,? .*)?[\s.!]*$`),
    ([work = '']) => withdrawn('work', work.toLowerCase()),
  ],
  [pattern(String.raw`i(?:'ve| have)? (?:stopped|quit|given up|gave up) ((?:\w+ing) .+)$`), ([rest = '']) => stopped(rest)],
  [
    pattern(String.raw`i ${VERY}(?:don't|do not|no longer) ${VERY}(?:hate|dislike|detest|mind) (.+)$`),
    ([things]) => each(thingsIn(things, WITHOUT_AND), (value) => withdrawn('refuses', value)),
  ],
  [
    pattern(String.raw`i(?:'m| am)?(?: now| can| may| also| do| have started| started)* (?:eat|drink)(?:ing)? (.+?) (?:again|now)[\s.!]*$`),
    ([things]) => thingsIn(things).flatMap((thing) => (thing === undefined || NO_FOOD.test(thing) ? [] : eatsAgain(thing, kindOf(thing)))),
  ],
  [
    pattern(String.raw`(?:my name(?:'s not| is not| isn't)|i(?:'m| am) not called) ${NAME}${NAME_END}`),
    ([name = '']) => (/,|\bon\b/.test(name) ? undefined : each([nameIn(name)], (value) => withdrawn('name', value))),
  ],
  [
    pattern(
      String.raw`(?:(?:don't|do not|stop|no need to|you (?:don't|do not) (?:need|have) to|you needn't)(?: ever)?) `
        + String.raw`(?:answer|reply|respond|writ|speak|talk|chat|us)(?:e|ing)?(?: to me| with me)?(?: in| to)? ${LANGUAGE}\b`,
    ),
    ([name = '']) => each([LANGUAGES[name.toLowerCase()]], (value) => withdrawn('language', value)),
  ],
  [pattern(String.raw`((?:i|we)(?:'m| am|'re| are)? )(?:no longer|used to(?: be)?) (.+)$`), noLonger],
  [pattern(String.raw`((?:i|we) )(?:don't|do not) (.+?),? any ?(?:more|longer)[\s.!]*$`), noLonger],
  [pattern(String.raw`((?:i|we)(?:'m| am|'re| are) )not (.+?),? any ?(?:more|longer)[\s.!]*$`), noLonger],

  [
    pattern(String.raw`${REQUEST}(?:everybody |everyone |people |friends |my friends )?calls? me ${NAME}${NAME_END}`),
    ([name]) => said('name', nameIn(name)),
  ],
  [
    pattern(String.raw`(?:my name(?:'s| is)|the name's) ${NAME}(?:\s+(?:and|but)\b.*)?[\s.!]*$`),
    ([name]) => (/^(?:on|in|at|spelled|wrong|not)\b/i.test(name ?? '') ? undefined : said('name', nameIn(name))),
  ],
  [
    pattern(String.raw`my name(?:'s not| is not| isn't) .+?,? (?:it's|it is|but) ${NAME}${NAME_END}`),
    ([name]) => said('name', nameIn(name)),
  ],
  [pattern(String.raw`i go by ${NAME}${NAME_END}`), ([name]) => said('name', nameIn(name))],
  [
    pattern(String.raw`(?:i(?:'d| would) (?:rather|prefer to|like to)|i prefer to) be (?:called|addressed as) ${NAME}${NAME_END}`),
    ([name]) => said('name', nameIn(name)),
  ],
  [pattern(String.raw`${REQUEST}address me as ${NAME}${NAME_END}`), ([name]) => said('name', nameIn(name))],

  [
    pattern(String.raw`${REQUEST}(?:no need to be (?:so )?formal|be informal|drop the formalities|be less formal)`),
    () => said('form', 'informal'),
  ],
  [pattern(String.raw`${REQUEST}(?:be (?:more )?formal|address me formally)`), () => said('form', 'formal')],

  [
    pattern(
      String.raw`${REQUEST}(?:answer|reply|respond|write|speak|talk|continue|switch|go on|chat|use|do (?:this|it|that))`
        + String.raw`(?: back)?(?: to me| with me)?(?: in| to)? ${LANGUAGE}\b`,
    ),
    language,
  ],
  [
    pattern(
      String.raw`i (?:only (?:speak|understand|read)|(?:speak|understand|read) only|prefer|would prefer|would rather speak) `
        + String.raw`${LANGUAGE}[\s.!]*$`,
    ),
    language,
  ],
  [pattern(String.raw`i'd (?:prefer|rather speak) ${LANGUAGE}[\s.!]*$`), language],
  [pattern(String.raw`(?:in )?${LANGUAGE},? please[\s.!]*$`), language],

  [
    pattern(String.raw`${AM}(?: (?:a|an|all|strictly|strict|severely|mostly))* ${DIET}s?\b`),
    ([diet = '']) => said('diet', diet.toLowerCase()),
  ],
  [pattern(String.raw`i (?:only eat|eat only|eat) (halal|kosher|vegetarian|vegan)\b`), ([diet = '']) => said('diet', diet.toLowerCase())],
  [
    pattern(String.raw`i (?:need|want|eat|only eat) ${DIET} (?:food|meals?|dishes|options?)\b`),
    ([diet = '']) => said('diet', diet.toLowerCase()),
  ],
  [pattern(String.raw`${AM}(?: \w+ly)? allergic to (.+)$`), allergies],
  [pattern(String.raw`i(?:'ve| have)(?: got)? an? (?:\w+ )?allergy to (.+)$`), allergies],
  [pattern(String.raw`i(?:'ve| have)(?: got)? an? (?:(?:bad|severe|serious) )?(.+?) allergy\b`), allergies],
  [
    pattern(String.raw`i ${VERY}(?:(?:don't|do not|can't|cannot) ${VERY}(?:eat|drink)|never (?:eat|drink)) (.+)$`),
    ([things]) => each(thingsIn(things), (value) => ({ is: 'said', about: 'refuses', value })),
  ],
  [
    pattern(String.raw`i ${VERY}(?:hate|dislike|detest|can't stand|cannot stand|(?:don't|do not) ${VERY}(?:like|enjoy)) (.+)$`),
    ([things]) => each(thingsIn(things, WITHOUT_AND), (value) => ({ is: 'said', about: 'refuses', value })),
  ],
  [pattern(String.raw`i ${VERY}(?:like|love|enjoy|adore) (.+)$`), ([thing]) => said('likes', thingIn(thing))],
  [
    pattern(String.raw`i(?:'m| am) ${VERY}(?:a (?:big |huge |great )?fan of|fond of|into) (.+)$`),
    ([thing]) => said('likes', thingIn(thing)),
  ],
  [
    pattern(String.raw`i(?:'m| am) not ${VERY}(?:a (?:big |huge |great )?fan of|fond of|into) (.+)$`),
    ([thing]) => said('refuses', thingIn(thing)),
  ],
  [
    pattern(String.raw`i prefer (.+)$`),
    ([thing = '']) => (/^(?:to|not)\b/i.test(thing) ? undefined : said('likes', thingIn(preferred(thing)))),
  ],
  [pattern(String.raw`my favou?rite (?:\w+ ){0,2}(?:is|are) (.+)$`), ([thing]) => said('likes', thingIn(thing))],
  [pattern(String.raw`((?:\w+ ){0,2}\w+) (?:is|are) my favou?rite\b`), ([thing]) => said('likes', thingIn(thing))],

  [
    pattern(
      String.raw`(?:i|we)(?:'m| am|'re| are|'ve| have)?(?: just| recently| now)? ?`
        + String.raw`(?:live|living|based|moved(?: from .+?)?) (?:in|to) (.+)$`,
    ),
    ([place]) => said('home', placeIn(place)),
  ],
  [pattern(String.raw`i(?:'m| am)? ?work(?:ing)? as (?:an? |the )?(.+)$`), ([work]) => said('work', thingIn(work))],
  [
    pattern(String.raw`(?:i(?:'m| am)(?: an?)?|as an?) ${WORK}(?:,? (?:on|in|at|for|by|with|i)\b.*)?[\s.!,]*$`),
    ([work = '']) => said('work', work.toLowerCase()),
  ],
]

/** What holds no longer: what the same words say without that. */
function noLonger([subject = '', rest = '']: readonly string[]): readonly Said[] | undefined {
  return denied(firstOf(RULES, `${subject} ${rest.replace(/,? (?:but )?not (?:any ?more|now).*$/i, '')}`))
}

/** What somebody stopped: "liking jazz", "being vegan", "working as a nurse". */
function stopped(rest: string): readonly Said[] | undefined {
  const verb = rest
    .replace(/^being/i, 'am')
    .replace(/^(lik|lov|liv)ing/i, '$1e')
    .replace(/^(\w+?)ing/i, '$1')
  return denied(firstOf(RULES, `i ${verb}`))
}

const NO_FOOD = /^(?:here|out|there|well|at|in|again)\b/i
const kindOf = (food: string): 'meat' | 'fish' | undefined =>
  /\b(?:meat|beef|pork|chicken|lamb|sausages?|ham|bacon|steaks?)\b/i.test(food)
    ? 'meat'
    : /\b(?:fish|seafood|shellfish|salmon|tuna)\b/i.test(food)
      ? 'fish'
      : undefined

/** What is preferred to something else. */
const preferred = (thing: string): string => (/^\w+ing\b/i.test(thing) ? thing : thing.replace(/ (?:to|over|rather than) .*$/i, ''))

/** What is withdrawn by words that say it; without a statement in them, what they name. */
function taken(rest: string): readonly Said[] | undefined {
  const facts = denied(firstOf(RULES, rest))
  if (facts !== undefined) return facts
  return /\b(?:i|my|me)\b/i.test(rest) ? [withdrawn(null, rest)] : undefined
}

/** The end of a sentence, which no title is, or a comma or "and" before another statement or question. */
const CLAUSE_END = new RegExp(
  [
    String.raw`(?<=[!?;]|(?<!\b(?:mr|mrs|ms|dr|prof|st))\.)\s+|\n`,
    String.raw`(?:,\s*(?:and |but |so )?|\s+(?:and|but)\s+)(?=(?:please |just )?`
      + String.raw`(?:i|my|call|don't|do not|forget|what|how|where|when|could|can|you can|reply|answer)\b)`,
    String.raw`(?:,\s*(?:and |but )?|\s+(?:and|but)\s+)(?=not (?:an? )?${DIET.replace('(', '(?:')}\b)`,
  ].join('|'),
  'iu',
)

/** The clauses of an English text: sentences, and their parts where another statement starts. */
export const englishClauses = (text: string): string[] =>
  text
    .replaceAll('’', "'")
    .split(CLAUSE_END)
    .flatMap((clause) => (clause.trim() === '' ? [] : [clause.trim()]))

/** A question that asks for a form of address or a language says so; any other says nothing. */
const ASKS = /^(?:please |hi,? |hello,? )*(?:can|could|would|will) (?:you|we)\b/i

/** Reads an English clause. */
export const readEnglish: ClauseReader = (clause) => {
  const isQuestion = clause.endsWith('?')
  if (isQuestion && !ASKS.test(clause)) return []
  return firstOf(RULES, clause.replace(/[\s?]+$/, ''))
}

const OF_SELF = new RegExp(
  [
    String.raw`\bi(?:'m| am) (?:an? |from |allergic|married|pregnant|deaf|blind)`,
    String.raw`\bi (?:usually|always|never|prefer|live|work|own|drive|use) `,
    String.raw`\bi have (?:a|an|two|three|four|kids)\b`,
    String.raw`\bmy (?:wife|husband|son|daughter|kids?|children|birthday|favou?rite|hobby|dog|cat)\b`,
  ].join('|'),
  'i',
)

/** Whether a text may say something of its author that no rule reads. */
export const mayTellEnglish = (text: string): boolean => !text.includes('?') && OF_SELF.test(text.replaceAll('’', "'"))
