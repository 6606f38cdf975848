/** What a question asks for. `other`: a thing, a phrase, a reason. */
export type Asked = 'person' | 'date' | 'number' | 'place' | 'other'

/** In order: the first that fits. On the plain form of a question. */
const TYPES: readonly (readonly [Asked, RegExp])[] = [
  ['date', /\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time)s?\b|\bwhich (?:two )?years\b|\bin what year\b/i],
  ['date', /什么时候|何时|什么时间|[哪几](?:一)?(?:年|天|月|日|个月)|年份|哪个世纪|什么年代|哪些年/u],
  ['number', /\bwhat (?:is|was|were|are)? ?(?:the )?(?:percent|number|amount|ratio|population|price|cost|average|total|temperature|rate)/i],
  ['number', /\bhow (?:many|much|old|far|long|large|big|tall|high|fast|wide|deep|often|heavy|loud)\b/i],
  ['number', /\b(?:what|which) (?:percent|number|amount|ratio|size|score|age)/i],
  ['number', /多少|几[个次名位天年岁种项块欧元只台件小分]|多[大长久高远快重宽深]|百分之几|比例|比率|数量|人口/u],
  [
    'person',
    /\bwho(?:se|m)?\b|\b(?:what|which) (?:person|man|woman|player|scientist|researcher|president|king|queen|leader|author|explorer)\b/i,
  ],
  ['person', /谁|哪(?:一)?位|哪个人|哪(?:一)?名|叫什么名字的人/u],
  ['place', /\bwhere\b|\b(?:what|which) (?:city|country|state|place|river|town|county|region|continent|location)\b/i],
  ['place', /哪里|哪儿|何处|什么地方|哪(?:个|一个|座)?(?:国家|城市|地方|地区|州|郡|省|市|河)|在哪/u],
]

/** The type of a question by its question word. */
export const askedBy = (plain: string): Asked => TYPES.find(([, pattern]) => pattern.test(plain))?.[0] ?? 'other'

const DATE_WORDS = [
  'january|february|march|april|may|june|july|august|september|october|november|december',
  'monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|spring|summer|autumn|winter|century|days?|weeks?|months?|years?|hours?',
]
const DATE = new RegExp(`\\b(?:${DATE_WORDS.join('|')})\\b|[年月日天周]|世纪|小时|年代`, 'i')
export const isDateLike = (plain: string): boolean => DATE.test(plain)
export const YEAR = /^(?:1\d{3}|20\d{2})$/
