"""The addresses of the console. A new page is a line here and, if people go there, in `rail`."""

from django.urls import path

from wispgate.web.console import (
    activity,
    entrance,
    helping,
    home,
    lines,
    livesessions,
    messagelist,
    mvnos,
    numbers,
    peers,
    plans,
    pushes,
    search,
    settingspage,
    sim_import,
    sims,
    subscribers,
    tenants,
)

_PAGES = [
    path("", home.home, name="home"),
    path("", home.home, name="index"),
    path("login/", entrance.log_in, name="login"),
    path("logout/", entrance.log_out, name="logout"),
    path("operator/", entrance.choose_operator, name="choose_operator"),
    path("search/", search.search, name="search"),
    path("help/", helping.help_page, name="help"),
    path("subscribers/", subscribers.subscribers, name="subscribers"),
    path("subscribers/new/", subscribers.new_subscriber, name="new_subscriber"),
    path("subscribers/<str:key>/", subscribers.subscriber, name="subscriber"),
    path("subscribers/<str:key>/new-line/", subscribers.new_line, name="new_line"),
    path(
        "subscribers/<str:key>/<str:name>/", subscribers.subscriber_order, name="subscriber_order"
    ),
    path("lines/", lines.lines, name="lines"),
    path("lines/<str:key>/", lines.line, name="line"),
    path("lines/<str:key>/<str:name>/", lines.line_action, name="line_action"),
    path("sessions/", livesessions.sessions, name="sessions"),
    path("sessions/<path:key>/", livesessions.session, name="session"),
    path("plans/", plans.plans, name="plans"),
    path("plans/_new/", plans.new_plan, name="new_plan"),
    path("plans/<str:code>/", plans.plan, name="plan"),
    path("plans/<str:code>/<str:name>/", plans.plan_order, name="plan_order"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/<str:name>/", numbers.number_order, name="number_order"),
    path("messages/", messagelist.messages, name="messages"),
    path("settings/", settingspage.settings_page, name="settings"),
    path("settings/<str:name>/", settingspage.settings_order, name="settings_order"),
    path("mvnos/", mvnos.mvnos, name="mvnos"),
    path("mvnos/<str:name>/", mvnos.mvnos_order, name="mvnos_order"),
    path("allotments/<str:key>/take_back/", mvnos.take_back, name="take_back"),
    path("operators/", tenants.tenants, name="tenants"),
    path("operators/_new/", tenants.new_tenant, name="new_tenant"),
    path("operators/<str:slug>/", tenants.tenant, name="tenant"),
    path("operators/<str:slug>/archive/", tenants.archive, name="tenant_archive"),
    path("operators/<str:slug>/<str:name>/", tenants.tenant_order, name="tenant_order"),
    path("pushes/", pushes.pushes, name="pushes"),
    path("charts/<str:name>.csv", home.chart, name="chart"),
    path("sims/", sims.sims, name="sims"),
    path("sims/import/", sim_import.sim_import, name="sim_import"),
    path("sims/<str:iccid>/", sims.sim, name="sim"),
    path("sims/<str:iccid>/<str:name>/", sims.sim_action, name="sim_action"),
    path("peers/", peers.peers, name="peers"),
    path("activity/", activity.activity, name="activity"),
]

# Unfold's templates ask for the namespace "admin"; ours say "console".
urlpatterns = [path("", (_PAGES, "admin", "console"))]
