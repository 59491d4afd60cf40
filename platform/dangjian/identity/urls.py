"""Pages of sign-in, on every host."""

from __future__ import annotations

from django.urls import path

from dangjian.identity import oidc_views, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("forgotten/", views.forgotten, name="forgotten"),
    path("password/", views.password, name="password"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<int:pk>/end/", views.end_session, name="session-end"),
    path("sessions/end-others/", views.end_other_sessions, name="sessions-end-others"),
    path("sessions/elsewhere/<slug:sid>/end/", views.end_session_elsewhere, name="session-elsewhere-end"),
    path("oidc/login/", oidc_views.login, name="oidc-login"),
    path("oidc/callback/", oidc_views.callback, name="oidc-callback"),
    path("oidc/logout/", views.sign_out, name="oidc-logout"),
    path("oidc/backchannel/", oidc_views.backchannel, name="oidc-backchannel"),
]
