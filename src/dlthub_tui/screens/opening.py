"""Which screen shows a place."""

from __future__ import annotations

from dlthub_tui.screens.context import Context
from dlthub_tui.screens.place import PlaceScreen
from dlthub_tui.viewmodel import places


def screen_of(place: places.Place, context: Context) -> PlaceScreen:
    """A new screen for the place."""
    match place:
        case places.WorkspacePlace(workspace, tab):
            return _tab(tab)(context, workspace)
        case places.JobPlace():
            from dlthub_tui.screens.job import JobScreen

            return JobScreen(context, place)
        case places.BackfillsPlace():
            from dlthub_tui.screens.backfills import BackfillsScreen

            return BackfillsScreen(context, place)
        case places.WebhooksPlace():
            from dlthub_tui.screens.webhooks import WebhooksScreen

            return WebhooksScreen(context, place)
        case places.RunPlace():
            from dlthub_tui.screens.run import RunScreen

            return RunScreen(context, place)
        case places.ComparePlace():
            from dlthub_tui.screens.compare import CompareScreen

            return CompareScreen(context, place)
        case places.PipelinePlace():
            from dlthub_tui.screens.pipelines import PipelineScreen

            return PipelineScreen(context, place)
        case places.PipelineRunPlace():
            from dlthub_tui.screens.pipelines import PipelineRunScreen

            return PipelineRunScreen(context, place)
        case places.DeployPlace():
            from dlthub_tui.screens.deploy import DeployScreen

            return DeployScreen(context, place)
        case places.NewOrganizationPlace():
            from dlthub_tui.screens.new_organization import NewOrganizationScreen

            return NewOrganizationScreen(context, place)
        case places.PlatformPlace():
            from dlthub_tui.screens.platform import PlatformScreen

            return PlatformScreen(context, place)
        case places.EnvironmentsPlace():
            from dlthub_tui.screens.environments import EnvironmentsScreen

            return EnvironmentsScreen(context, place)
        case places.DoctorPlace():
            from dlthub_tui.screens.doctor import DoctorScreen

            return DoctorScreen(context)
        case places.CommandLogPlace():
            from dlthub_tui.screens.command_log import CommandLogScreen

            return CommandLogScreen(context)
        case places.SettingsPlace():
            from dlthub_tui.screens.settings import SettingsScreen

            return SettingsScreen(context, place)
        case places.WorkspaceSettingsPlace():
            from dlthub_tui.screens.workspace_settings import WorkspaceSettingsScreen

            return WorkspaceSettingsScreen(context, place)
        case places.SignInsPlace():
            from dlthub_tui.screens.sign_ins import SignInsScreen

            return SignInsScreen(context)
        case places.GuidePlace():
            from dlthub_tui.screens.guide import GuideScreen

            return GuideScreen(context)
        case places.HomePlace():
            from dlthub_tui.screens.home import HomeScreen

            return HomeScreen(context)


def _tab(tab: str) -> type:
    from dlthub_tui.screens.alerts import AlertsScreen
    from dlthub_tui.screens.deployments import DeploymentsScreen
    from dlthub_tui.screens.jobs import JobsScreen
    from dlthub_tui.screens.pipelines import PipelinesScreen
    from dlthub_tui.screens.residency import ResidencyScreen
    from dlthub_tui.screens.runs import RunsScreen
    from dlthub_tui.screens.team import TeamScreen
    from dlthub_tui.screens.variables import VariablesScreen

    screens = {
        "runs": RunsScreen, "deployments": DeploymentsScreen, "variables": VariablesScreen,
        "pipelines": PipelinesScreen, "team": TeamScreen,
        "alerts": AlertsScreen, "residency": ResidencyScreen,
    }  # fmt: skip
    return screens.get(tab, JobsScreen)
