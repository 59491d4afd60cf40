from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "dangjian.organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from dangjian.audit import actions
        from dangjian.identity import sessions
        from dangjian.organizations import metrics, provisioning, topics

        actions.register(
            {
                "office.give": _("授予职责"),
                "office.take": _("收回职责"),
                "post.set": _("任职"),
                "post.end": _("免职"),
                "member.move": _("转支部"),
                "member.leave": _("离开名册"),
                "member.restore": _("恢复党籍"),
                "member.take_back": _("撤回离开记录"),
                "member.enter": _("编入名册"),
                "member.rename": _("更正姓名"),
                "member.correct": _("更正资料"),
                "correction.ask": _("申请更正资料"),
                "correction.accepted": _("同意更正申请"),
                "correction.declined": _("没有同意更正申请"),
                "correction.withdrawn": _("撤回更正申请"),
                "member.reveal": _("查看身份证号"),
                "member.look_up": _("按身份证号查人"),
                "members.export": _("下载党员名册"),
                "organization.found": _("成立组织"),
                "organization.rename": _("组织更名"),
                "organization.cover": _("登记联合党支部的单位"),
                "organization.move": _("调整隶属"),
                "organization.split": _("支部分设"),
                "organization.merge": _("支部合并"),
                "organization.dissolve": _("撤销组织"),
                "group.form": _("划分党小组"),
                "group.rename": _("党小组更名"),
                "group.arrange": _("调整编组"),
                "group.dissolve": _("撤销党小组"),
                "member.group": _("编组"),
                "transfer.propose": _("提出组织关系转接"),
                "transfer.accept": _("接收组织关系"),
                "transfer.return": _("退回组织关系"),
                "transfer.withdraw": _("撤回组织关系转接"),
                "election.record": _("记录选举"),
                "election.revise": _("修改选举记录"),
                "election.submit": _("选举结果报上级"),
                "election.discard": _("选举记录作废"),
                "election.approve": _("批准选举结果"),
                "election.return": _("退回选举结果"),
                "term.remind": _("提醒换届"),
                "dues.enter": _("登记党费"),
                "dues.confirm": _("确认党费月表"),
                "dues.reverse": _("冲正党费"),
                "dues.basis": _("核定党费基数"),
                "admission.open": _("建立入党档案"),
                "admission.accept": _("入党审批同意"),
                "admission.return": _("入党审批退回"),
                "admission.cancel": _("终止入党申请"),
                "admission.restart": _("重新开始入党申请"),
                "import.apply": _("导入名册"),
                "import.undo": _("撤回名册导入"),
                "account.first_officer": _("开通首个管理账号"),
            }
        )
        sessions.bring_along("member", "member__branch", without=["member__id_number_sealed"])
        metrics.register()
        provisioning.register()
        topics.register_all()
