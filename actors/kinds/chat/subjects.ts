import { termsOf } from '../support/terms.ts'

/**
 * What people tell of themselves, by subject: words that stand for each other between a statement and a question about it ("we moved to
 * Bergen", "where do I live?").
 */
const SUBJECTS = [
  'live living move moved home flat apartment house address reside settle settled city rent 住 搬 搬家 搬到 家 房子 公寓 地址 租 定居 住址',
  'work job employer company office hired position profession occupation joined employed 工作 上班 公司 职业 职位 入职 单位 跳槽 就职',
  'salary earn wage income 工资 薪水 收入 月薪',
  'pet dog cat puppy kitten rabbit parrot hamster 宠物 狗 猫 小狗 小猫 兔子 鹦鹉 仓鼠 养',
  'allergic allergy intolerant intolerance 过敏 不耐受',
  'vegetarian vegan diet eat eating meat 吃素 素食 纯素 忌口 饮食 吃',
  'drink drinking coffee tea beverage 喝 咖啡 茶 饮料',
  'birthday born 生日 出生',
  'age old turned 岁 年龄 多大',
  'phone mobile 电话 手机 手机号 号码',
  'email mail inbox 邮箱 邮件 电邮',
  'car drive driving vehicle 车 开车 汽车 买车 轿车',
  'commute bus train bike cycle ride tram subway 通勤 上下班 地铁 公交 骑车 自行车 坐车',
  'study studying university major degree course college subject 大学 专业 读 课程 主修 攻读',
  'language learning learn speak 语言 学 学习 外语 语',
  'sport training exercise gym workout run running swim swimming 运动 锻炼 跑步 游泳 健身',
  'instrument play playing piano guitar violin cello flute drums 乐器 弹 拉 钢琴 吉他 小提琴 大提琴',
  'hobby pastime hobbies 爱好 业余 兴趣',
  'travel trip holiday vacation visit visited flew fly went been 旅行 旅游 假期 去过 玩 出国',
  'book novel reading read author 书 小说 读 看',
  'film movie cinema series watch watched 电影 剧 电视剧 看',
  'doctor physician dentist appointment clinic 医生 牙医 预约 看病 诊所',
  'medicine medication pill tablet dose 药 吃药 剂量 服药',
  'sleep bed bedtime wake 睡 睡觉 起床',
  'married wedding marry 结婚 婚礼',
  'child children kid son daughter baby 孩子 儿子 女儿 宝宝 小孩',
  'budget spend cost price paid 预算 花 价格 费用 钱',
  'weigh weight kilo 体重 公斤 斤',
  'height tall 身高 高',
  'team club fan support supporter 球队 球迷 支持',
  'size shoe wear 码 尺码 穿 鞋 鞋码',
  'deadline due submit hand 截止 交 提交',
  'like love favourite favorite prefer enjoy 喜欢 最爱 偏好 爱 爱吃',
  'laptop computer notebook machine 电脑 笔记本',
  'colour color paint painted 颜色 色 刷',
] as const

const INDEX: ReadonlyMap<string, readonly string[]> = (() => {
  const index = new Map<string, readonly string[]>()
  for (const words of SUBJECTS) {
    const terms = [...new Set(words.split(' ').flatMap((word) => termsOf(word)))]
    for (const term of terms) index.set(term, [...(index.get(term) ?? []), ...terms])
  }
  return index
})()

/** The terms that may stand for a term, since they speak of the same subject; none for most. */
export const relatedOf = (term: string): readonly string[] => INDEX.get(term) ?? []
