"""Chinese words for what policy files say in English; a word that is not here is shown as it is."""

from typing import Literal

from engine.codes.enums import Fund
from engine.settlement.receipt import FUNDS

Language = Literal["zh", "en"]

ZH = {
    # Keys of benefits and layers.
    "account.pays": "个人账户支付",
    "adjust": "比例调整",
    "amount": "金额",
    "applies": "适用",
    "bands": "分段",
    "bands.deductible_inside": "起付线占用分段",
    "bands.position": "分段依据",
    "base": "计算基数",
    "bed": "床位费",
    "caps": "限额",
    "ceilings": "限价",
    "class_b_first_share": "乙类先行自付比例",
    "counter": "累计",
    "counts": "计",
    "deductible": "起付线",
    "deductible.counter": "起付线累计",
    "deductible.method": "起付方式",
    "deductibles": "起付线",
    "feeds": "另计入",
    "for": "适用",
    "from": "自",
    "fund": "基金",
    "mode": "计算方式",
    "on": "限制",
    "ordinal": "次序依据",
    "pays_off": "冲抵",
    "personal_times": "个人负担乘以",
    "points": "增减",
    "rate": "比例",
    "reviewed_until": "复核至",
    "rounding": "舍入",
    "scope": "范围",
    "takes": "对象",
    "to": "至",
    "total": "累计总额",
    "unknown_item": "目录外项目",
    "yearly_maximum": "年度起付上限",
    "application": "申请",
    "bounds": "上下限",
    "ceiling": "上限",
    "convert": "折算",
    "days": "天数",
    "divisor": "除以",
    "floor": "下限",
    "less": "减去",
    "method": "方式",
    "months": "月数",
    "near_retirement": "临近退休扣减",
    "of": "基数",
    "on_class_change": "人员类别变更",
    "on_cover_change": "参保变更",
    "paid": "已支付累计",
    "payer": "支付方",
    "per": "按",
    "per_extra_child": "每多一胎加",
    "requires": "须登记",
    "segments": "分段账单",
    "share": "比例",
    "wage": "工资",
    "when": "申请时间",
    "above": "自",
    "asked": "上次住院起付线",
    "below": "不足",
    "bill_share": "占费用总额",
    "every_days": "每满天数另计",
    "guaranteed": "保底",
    "guaranteed.after_deductible": "扣除起付线后",
    "guaranteed.of": "保底基数",
    "moves": "转院次数",
    "pays_off.pro_rata": "按比例冲抵",
    "price": "定额标准",
    "taken": "已付起付线",
    "times": "乘以",
    "transfer": "转院",
    "upward": "向上转院",
    "within_days": "天数之内",
    # Words of the closed lists.
    "active": "在职",
    "contribution_years": "缴费年限",
    "difference": "只付差额",
    "enrolled_months": "连续参保月数",
    "female": "女",
    "filing": "就医备案",
    "first_free": "首次免付",
    "male": "男",
    "registered_diseases": "登记病种数",
    "sex": "性别",
    "share_of_bill": "按费用总额比例",
    "tier": "缴费档次",
    "age": "年龄",
    "after_year": "年度结束后",
    "annual": "年度累计",
    "any_time": "随时",
    "band": "每段",
    "burden": "个人负担",
    "chronic": "门诊慢特病",
    "claim": "本次费用",
    "carry": "延续",
    "cost": "费用",
    "cost_above_deductible": "起付线以上费用",
    "copay": "按比例自付",
    "covered": "政策范围内费用",
    "day_surgery": "日间手术",
    "disease": "病种",
    "down": "舍去",
    "emergency": "急诊",
    "employer": "用人单位",
    "fixed": "定额",
    "half_up": "四舍五入",
    "emergency_inpatient": "急诊住院",
    "false": "否",
    "first_share": "先行自付",
    "incremental": "按年度累计的增量",
    "inpatient": "住院",
    "institution": "机构",
    "layer": "每层",
    "level": "机构等级",
    "life": "终身",
    "money": "金额",
    "month": "月",
    "none": "无",
    "off_list": "全自费",
    "outpatient": "门诊",
    "over_cap": "超限额费用",
    "over_price": "超限价自费",
    "payment": "支付额",
    "per_claim": "逐笔",
    "per_stay": "每次住院",
    "person_class": "人员类别",
    "one_stay": "合为一次住院",
    "own": "本人",
    "own_stays": "各为一次住院",
    "per_day": "按日定额",
    "person": "本人",
    "pharmacy": "购药",
    "prospective": "只管以后",
    "recognition": "认定",
    "registration": "登记",
    "reset": "清零",
    "retroactive": "追溯",
    "reject": "拒付",
    "retired": "退休",
    "self_pay": "自费",
    "special_drug": "特药",
    "stated": "由事件写明",
    "stays": "次数",
    "wage_by_days": "工资按天",
    "wage_by_months": "工资按月",
    "waived": "不计起付线",
    "traditional": "中医",
    "true": "是",
    "year": "年",
}


def word(text: str, language: Language) -> str:
    """Return a key or word of a policy file in a language; paths part by part, figures as they are.

    Example: `bands.2.rate` is 分段 2 比例.
    """
    if text[:1].isdigit():
        return text
    if text.upper() in Fund.__members__:
        return FUNDS[Fund[text.upper()]][0 if language == "zh" else 1]
    if language == "en":
        return text.replace("_", " ")
    return ZH.get(text) or " ".join(ZH.get(part, part) for part in text.split("."))


def words(value: object, language: Language) -> str:
    """Return what a setting says in a language."""
    comma, stop = ("、", "；") if language == "zh" else (", ", "; ")
    if isinstance(value, list):
        return comma.join(words(item, language) for item in value)
    if isinstance(value, dict):
        pairs = ((word(key, language), words(one, language)) for key, one in value.items())
        return stop.join(f"{key}: {one}" for key, one in pairs)
    return word(str(value).lower() if isinstance(value, bool) else str(value), language)
