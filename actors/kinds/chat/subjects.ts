import { termsOf } from '../support/terms.ts'

/**
 * What people tell of themselves, by subject: words that stand for each other between a statement and a question about it ("we moved to
 * Bergen", "where do I live?"). Words after a colon stand for those before it, and not for each other: a dog is a pet, and no cat.
 */
const SUBJECTS = [
  'live living move moved flat apartment house address reside settle settled rent city town 住 搬 搬家 搬到 搬去 房子 公寓 地址 租 定居 住址 城市',
  'work job employer company hired position profession occupation career joined employed 工作 上班 职业 职位 入职 单位 跳槽 就职 转行',
  'salary earn wage income 工资 薪水 收入 月薪',
  'pet 宠物 养: dog cat puppy kitten rabbit parrot hamster horse 狗 猫 小狗 小猫 兔子 鹦鹉 仓鼠',
  'allergic allergy intolerant intolerance 过敏 过敏原 不耐受',
  'vegetarian vegan diet eat eating 吃素 素食 纯素 忌口 饮食',
  'drink drinking beverage 喝 饮料: coffee tea 咖啡 茶',
  'birthday born 生日 出生',
  'phone mobile 电话 手机 手机号',
  'email mail inbox 邮箱 邮件 电邮',
  'car drive driving vehicle 车 开车 汽车 买车 轿车 开',
  'commute 通勤 上下班: train bike cycle ride tram ferry scooter subway 地铁 公交 公交车 骑车 自行车 坐车 坐 火车 电车',
  'study studying university major degree course college 大学 专业 读 课程 主修 攻读',
  'language 语言 外语 语: learning learn speak 学 学习 说',
  'sport training exercise workout 运动 锻炼 训练: gym run running swim swimming marathon race 跑步 游泳 健身',
  'instrument play playing 乐器 弹 拉: piano guitar violin cello flute drums 钢琴 吉他 小提琴 大提琴',
  'hobby pastime hobbies 爱好 业余 兴趣',
  'travel trip holiday vacation visit visited 旅行 旅游 假期 去过 去 玩 出国: flew fly flight 飞',
  'novel read reading book author 书 小说 读 看 读过',
  'film movie cinema watch watched seen saw 电影 剧 电视剧 看 看过',
  'doctor physician appointment clinic 医生 预约 看病 诊所 约: dentist 牙医',
  'medicine medication pill tablet tablets prescribed 药 吃药 服药 服用',
  'married wedding marry 结婚 婚礼',
  'child children kid baby 孩子 宝宝 小孩: son daughter 儿子 女儿',
  'budget spend cost price pay paid rent 预算 花 价格 费用 钱 租金 付 价钱',
  'weigh weight 体重',
  'fan support supporter 球迷 支持: team club 球队',
  'size shoe 码 尺码 鞋码',
  'deadline due submit hand 截止 交 提交',
  'buy bought got purchase 买 添 多',
  'like favourite favorite prefer enjoy 喜欢 最爱 偏好 爱',
  'laptop computer notebook 电脑 笔记本',
] as const

const termsIn = (words = ''): string[] => [...new Set(words.split(' ').flatMap((word) => termsOf(word)))]

const INDEX: ReadonlyMap<string, readonly string[]> = (() => {
  const index = new Map<string, readonly string[]>()
  const relate = (term: string, to: readonly string[]): unknown => index.set(term, [...(index.get(term) ?? []), ...to])
  for (const line of SUBJECTS) {
    const [general = [], special = []] = line.split(': ').map(termsIn)
    for (const term of general) relate(term, [...general, ...special])
    for (const term of special) relate(term, general)
  }
  return index
})()

/** The terms that may stand for a term, since they speak of the same subject; none for most. */
export const relatedOf = (term: string): readonly string[] => INDEX.get(term) ?? []
