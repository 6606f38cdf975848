import type { Language } from '../report/report-format.ts'

/** The texts of a social report in one language. */
export interface SocialWords {
  readonly language: Language
  readonly tag: string
  readonly title: string
  readonly tenant: string
  readonly period: string
  readonly to: string
  readonly made: string
  readonly times: (zone: string) => string
  readonly none: string
  readonly summary: (posts: string, authors: string, comments: string, likes: string, shares: string, searches: string) => string
  readonly sections: Readonly<Record<'moods' | 'topics' | 'unusual' | 'forecast' | 'authors' | 'spreads' | 'searches', string>>
  readonly counted: Readonly<Record<'moods' | 'topics' | 'unusual' | 'forecast' | 'authors' | 'spreads' | 'searches', string>>
  readonly columns: Readonly<Record<Column, string>>
  readonly noForecast: string
  readonly unknown: string
  readonly allPosts: string
}
export type Column =
  | 'platform'
  | 'language'
  | 'positive'
  | 'neutral'
  | 'negative'
  | 'topic'
  | 'posts'
  | 'usual'
  | 'hour'
  | 'expected'
  | 'low'
  | 'high'
  | 'author'
  | 'influence'
  | 'interest'
  | 'post'
  | 'shares'
  | 'depth'
  | 'perHour'
  | 'keyword'
  | 'searches'

export const en: SocialWords = {
  language: 'en',
  tag: 'en',
  title: 'Social report',
  tenant: 'Tenant',
  period: 'Period',
  to: 'to',
  made: 'Made',
  times: (zone) => `All times are those of ${zone}.`,
  none: 'None in this period.',
  summary: (posts, authors, comments, likes, shares, searches) =>
    `Posts: ${posts}, by ${authors} authors. Comments: ${comments}, likes: ${likes}, shares: ${shares}, searches: ${searches}.`,
  sections: {
    moods: 'Sentiment',
    topics: 'Topics',
    unusual: 'Unusual hours',
    forecast: 'The next 24 hours',
    authors: 'Influence',
    spreads: 'What spread',
    searches: 'Searches',
  },
  counted: {
    moods: 'The sentiment of each post, by platform and language.',
    topics:
      'Topics by posts of the period. “As usual” is what the same hours of up to four earlier weeks had on average, for the last 24 hours.',
    unusual: 'Hours of the last week that had far more or fewer posts than the same hours of earlier weeks.',
    forecast: 'Posts an hour. Four of five hours are within the band.',
    authors: 'A like counts 1, a comment 2, a share 4; they fade by half in a week.',
    spreads: 'Posts by shares. Depth is the longest chain of shares; the rate is the fastest doubling.',
    searches: 'Keywords of searches.',
  },
  columns: {
    platform: 'Platform',
    language: 'Language',
    positive: 'Positive',
    neutral: 'Neutral',
    negative: 'Negative',
    topic: 'Topic',
    posts: 'Posts',
    usual: 'As usual',
    hour: 'Hour',
    expected: 'Expected',
    low: 'Low',
    high: 'High',
    author: 'Author',
    influence: 'Influence',
    interest: 'Interest',
    post: 'Post',
    shares: 'Shares',
    depth: 'Depth',
    perHour: 'Shares an hour',
    keyword: 'Keyword',
    searches: 'Searches',
  },
  noForecast: 'There are less than two weeks of posts: nothing can be forecast yet.',
  unknown: 'Unknown',
  allPosts: 'All posts',
}

export const zh: SocialWords = {
  language: 'zh',
  tag: 'zh-Hans',
  title: '社交分析日报',
  tenant: '租户',
  period: '期间',
  to: '至',
  made: '生成于',
  times: (zone) => `所有时间均为 ${zone} 时间。`,
  none: '本期间没有。',
  summary: (posts, authors, comments, likes, shares, searches) =>
    `帖子 ${posts} 条，作者 ${authors} 位；评论 ${comments} 条，点赞 ${likes} 次，转发 ${shares} 次，搜索 ${searches} 次。`,
  sections: {
    moods: '情感',
    topics: '话题',
    unusual: '异常时段',
    forecast: '未来 24 小时',
    authors: '影响力',
    spreads: '传播',
    searches: '搜索',
  },
  counted: {
    moods: '每条帖子的情感，按平台和语言统计。',
    topics: '按本期间的帖子数排列。“往常”是最近 24 小时对应的时段在此前最多四周里的平均数。',
    unusual: '最近一周里，帖子数明显多于或少于此前各周同一时段的小时。',
    forecast: '每小时的帖子数。五个小时中有四个落在区间之内。',
    authors: '一个赞计 1，一条评论计 2，一次转发计 4；每过一周减半。',
    spreads: '按转发数排列。深度是最长的转发链；速度是翻倍最快的一次。',
    searches: '搜索的关键词。',
  },
  columns: {
    platform: '平台',
    language: '语言',
    positive: '正面',
    neutral: '中性',
    negative: '负面',
    topic: '话题',
    posts: '帖子',
    usual: '往常',
    hour: '时段',
    expected: '预期',
    low: '下限',
    high: '上限',
    author: '作者',
    influence: '影响力',
    interest: '兴趣',
    post: '帖子',
    shares: '转发',
    depth: '深度',
    perHour: '每小时转发',
    keyword: '关键词',
    searches: '搜索次数',
  },
  noForecast: '帖子不足两周，还不能预测。',
  unknown: '未知',
  allPosts: '全部帖子',
}
