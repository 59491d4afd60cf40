from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    name = "dangjian.identity"
    verbose_name = "Identity"

    def ready(self) -> None:
        from dangjian.audit import actions
        from dangjian.identity import (
            provisioning,
            roster,  # noqa: F401  (registers its job)
            schema,  # noqa: F401  (registers how bearer tokens are described)
        )

        actions.register(
            {
                "session.sign_in": _("登录"),
                "session.turned_away": _("不在名册或已停用，没有让登录"),
                "session.locked_out": _("密码错误次数过多，暂时锁定"),
                "session.address_shut": _("同一网络试错的账号过多，暂时限制"),
                "password.change": _("修改自己的密码"),
                "password.reset": _("重置密码"),
                "account.deactivate": _("停用账号"),
                "account.reactivate": _("恢复账号"),
                "service_client.create": _("新增接入系统"),
                "service_client.scopes": _("修改接入系统的权限"),
                "service_client.rotate": _("更换接入系统的密钥"),
                "service_client.revoke": _("停用接入系统"),
            }
        )
        provisioning.register()
