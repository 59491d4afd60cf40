from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InteractionConfig(AppConfig):
    name = "dangjian.interaction"
    verbose_name = "Interaction"

    def ready(self) -> None:
        from dangjian.audit import actions
        from dangjian.interaction import metrics, queries, topics
        from dangjian.ui import context

        topics.register_all()
        context.unread_counters.append(queries.unread_of)
        metrics.register_all()
        actions.register(
            {
                "post.hide": _("隐藏动态"),
                "post.unhide": _("恢复动态"),
                "comment.hide": _("隐藏评论"),
                "comment.unhide": _("恢复评论"),
                "report.keep": _("处理举报：保留"),
            }
        )
